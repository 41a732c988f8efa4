"""The drawing of a stack, as SVG: in the README, in the report, and beside the comment on a pull request."""
