import { NATS } from "../shared/help";

export const READING = [
  "Each row is a node, read as a plane in the space of the layer's inputs. Offsets are distances " +
    "from that plane in standard deviations: of the nearest cluster (prototype), and of the mean " +
    "of all data.",
  "A unit ratio of 1 means that the node measures in standard deviations of the data. A small " +
    "offset of the prototype and a large one of the mean are what a distance from that prototype " +
    "looks like; but some cluster is always the nearest.",
  "Find accepts words, and bounds such as unit_ratio<2, prototype=4 or share_positive>=0.5.",
  `With a factor chosen, its column shows its mutual information with each node. ${NATS}`,
] as const;

export const KEYS = [
  ["Arrows, Home, End", "move over the rows"],
  ["Enter or click", "choose a node; again to clear it"],
  ["Shift + Enter or click", "choose a second node"],
  ["Escape", "clear the choice"],
] as const;
