"""Judges what an update would do before it is made.

`reader.read` reads the output of `pulumi preview --json`, `context.context_of` finds what rules need beside it,
`judge.judge` applies the rules in `rules/`, and `comment.comment` writes the verdict for a pull request.
"""
