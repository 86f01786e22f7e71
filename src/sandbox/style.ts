/** The page's stylesheet, sent inside the page so that it needs nothing else. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1e2329; --soft: #5b6472; --line: #dfe3e8; --paper: #fff; --ground: #f5f6f8;
  --accent: #0b6e4f; --accent-ink: #fff; --warn: #8a5a00; --warn-ground: #fff6df; --bad: #b3261e; --bad-ground: #fdecea;
  --good-ground: #e6f4ee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8eaed; --soft: #a2abb8; --line: #343a43; --paper: #1b1f25; --ground: #121519;
    --accent: #4cc38a; --accent-ink: #08130e; --warn: #f0c36d; --warn-ground: #33290f;
    --bad: #ff8a80; --bad-ground: #3a1815; --good-ground: #12291f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header { background: var(--paper); border-bottom: 3px solid var(--accent); }
header > div, main { max-width: 60rem; margin: 0 auto; padding: 1rem 1.25rem; }
header > div { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; }
header strong { font-size: 1.25rem; color: var(--accent); }
header span { color: var(--soft); }
h1 { font-size: 1.6rem; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
section, article {
  background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 1.1rem 1.25rem;
  margin: 0 0 1rem;
}
.bar {
  display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; justify-content: space-between;
  margin-bottom: 1rem;
}
article .bar { margin: 0; }
.bar h1, .bar h2 { margin: 0; }
.bar p { margin: 0; color: var(--soft); }
.good { background: var(--good-ground); border-color: var(--accent); }
.good h2 { margin: 0 0 .5rem; }
.big {
  display: block; font-size: 1.05rem; margin: .5rem 0; padding: .6rem .75rem; background: var(--paper);
  border-radius: 6px; user-select: all;
}
.bad { background: var(--bad-ground); color: var(--bad); }
.warning {
  background: var(--warn-ground); color: var(--warn); border-radius: 6px; padding: .45rem .7rem;
  margin: .75rem 0 0;
}
code { font: .92em/1.5 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: .75rem 0 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; }
ul.tags { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem; padding: 0; margin: 0; }
ul.tags li { border: 1px solid var(--line); border-radius: 99px; padding: 0 .65rem; background: var(--ground); }
form { margin: 0; }
form + form { margin-top: .6rem; }
fieldset { border: 0; padding: 0; margin: 1rem 0 0; min-width: 0; }
legend, .field > label { font-weight: 600; padding: 0; margin-bottom: .3rem; display: block; }
.field { margin-top: 1rem; }
.switches { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: .3rem 1rem; }
fieldset:has([name=ipRestrict][value=false]:checked) .field { display: none; }
.choice { display: flex; gap: .5rem; align-items: baseline; }
input[type=text], textarea {
  width: 100%; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft);
  border-radius: 6px; padding: .45rem .6rem;
}
textarea { font: .88rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; resize: vertical; }
.inline { display: flex; gap: .5rem; align-items: center; }
.inline input[type=text] { width: 15rem; }
.hint { color: var(--soft); font-size: .9rem; margin: .25rem 0 0; }
button {
  font: inherit; font-weight: 600; padding: .45rem 1rem; border-radius: 6px; border: 1px solid var(--accent);
  background: var(--accent); color: var(--accent-ink); cursor: pointer;
}
button.plain { background: transparent; color: inherit; border-color: var(--soft); font-weight: 400; }
button.danger { background: transparent; color: var(--bad); border-color: var(--bad); }
.submit { margin-top: 1.1rem; }
details { margin-top: .9rem; border-top: 1px solid var(--line); padding-top: .75rem; }
summary { cursor: pointer; color: var(--accent); font-weight: 600; width: max-content; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); }
`;
