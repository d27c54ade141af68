import type { ViewTraits } from "../shared/view";

/** The traits of Python's `Note`, name by name. */
export type NoteTraits = ViewTraits & {
  text: string;
};
