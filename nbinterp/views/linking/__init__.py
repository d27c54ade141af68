"""Link views, so that they share selections and chosen factors."""
