/** The only source of time. A turned clock runs on from another instant. */
export interface Clock {
  now(): Date;
}
