// The modules that views ask the base bundle for, by name; view.ts holds types only.
export * as arrays from "./arrays";
export * as changes from "./changes";
export * as colours from "./colours";
export * as dom from "./dom";
export * as help from "./help";
export * as history from "./history";
export * as kernel from "./kernel";
export * as numbers from "./numbers";
export * as problem from "./problem";
export * as protocol from "./protocol";
export * as shortcuts from "./shortcuts";
export * as theme from "./theme";
