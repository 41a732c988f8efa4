"""`ascent backfill`: what was in the buckets before their replication began is copied as well.

`copies` knows what is to be copied where, `jobs` asks and tells S3 Batch Operations.
"""
