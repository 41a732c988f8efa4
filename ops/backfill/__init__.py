"""`ascent backfill`: copies objects that are older than the replication of their bucket.

`copies` knows which bucket is copied to which region, `jobs` calls S3 Batch Operations.
"""
