export const READING = [
  "Each cell is the interaction of two inputs near this sample. Above zero (orange), the effect of " +
    "each on the output rises as the other rises; below zero (blue), it falls; at zero, the two " +
    "effects just add up. The diagonal shows how the effect of an input changes with itself.",
  "Colours follow the square root of the value, up to the largest pair of different inputs: a few " +
    "pairs hold nearly all, and would leave the rest pale.",
  "Hatched cells are within noise. Of the others, at most 5 % are expected to be false (false " +
    "discovery rate, from the standard errors).",
  "Inputs that interact with the same others stand together; “As given” restores their order.",
  "For images, the picture beside the matrix is one of its rows: the interactions of the clicked " +
    "pixel with all others, its partners, on a colour scale of its own.",
] as const;

export const KEYS = [
  ["Click, Enter", "choose a pair, and show the partners of its first input"],
  ["Arrows, Home, End, Page", "move over the cells"],
  ["Wheel, + −", "zoom (after a click, or with Ctrl)"],
  ["Drag", "pan"],
  ["0", "the whole matrix"],
  ["/", "search; Enter goes to the next"],
  ["Escape", "clear the choice"],
] as const;
