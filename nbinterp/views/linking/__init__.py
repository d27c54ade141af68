"""Link views, so that a choice in one shows in all."""
