"""Judges what an update would do before it is made.

`reader.read` takes what `pulumi preview --json` prints, `context.context_of` works out what has to be known beside it,
`judge.judge` puts it before the rules in `rules/`, and `comment.comment` says what came of it in a pull request.
"""
