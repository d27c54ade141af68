"""Detect out-of-distribution samples by Mahalanobis distances."""
