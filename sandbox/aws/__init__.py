"""AWS' API for the sandbox: moto's server, in which what the stand-in provider has made is found under the same ids.

Clients of AWS find it by `AWS_ENDPOINT_URL`, as `make env` exports it. `mirror.py` keeps moto like the world's file,
`extras.py` and `measures.py` answer what moto lacks.
"""
