import { NATS, UNSTABLE } from "../../shared/help";

export const READING = [
  "Each row is a factor: a hidden cause behind nodes that vary together in these samples. Rows are " +
    "sorted by total correlation, the dependence that the factor explains; the bars on the right " +
    "show it.",
  "Each column is a node. A bright cell means that the factor and the node share much information. " +
    "Nodes are grouped by the factor that they share most with. The block on the right holds the " +
    "model's outputs: a bright cell there means that the output varies with the factor.",
  NATS,
  "The colours end at 3 nats, a correlation of 0.999, so that one node that its factor copies does " +
    "not leave the others dark; the legend then says ≥ 3 nats.",
  "Correlation adds the sign: the node rises with the factor (orange), or falls (blue).",
  "Shuffled data has no dependence, yet a fit to it finds some by chance. Hatched cells are not " +
    "above chance: 99 % of the cells of such a fit are below this level. The hatched band over " +
    "the bars ends at the average total correlation of its factors.",
  `Any real selection is above that. ${UNSTABLE} Its bar is empty.`,
  "Below the matrix stands what all factors explain in samples that they were not fitted to: of " +
    "this region, and of random selections of as many samples. Special factors are stable and " +
    "explain more in this region than in any of these.",
] as const;

export const KEYS = [
  ["Click a row, Enter", "choose its factor; again to clear it"],
  ["Arrows, Home, End", "move over the cells"],
  ["/", "search; Enter goes to the next"],
  ["Escape", "clear the choice"],
] as const;
