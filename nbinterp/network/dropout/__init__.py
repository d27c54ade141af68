"""Compare networks trained with and without dropout."""
