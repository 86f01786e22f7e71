# keyturn in a container: one bundle that needs Node and nothing else. It runs as any user, with a read-only root and no writable
# folder but its store; tests do so with what these lines leave.

# The exact version, so that two builds give the same; updates are changes that somebody reviews.
ARG NODE=24.21.0-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /build
# Before the sources: an edit to those does not install everything anew. The bundle is built below, hence without `prepare`.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY rolldown.config.mjs ./
COPY src src
COPY providers providers
RUN npm run build

FROM node:${NODE}
# Package managers could fetch and run anything; nothing needs them any more.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* /usr/local/bin/yarn*
WORKDIR /app
COPY --from=build /build/dist dist
COPY LICENSE ./
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
ENTRYPOINT ["node", "/app/dist/main.js"]
