"""Roles of the database: who there is, and what each is for."""

from __future__ import annotations

# For emergencies, and for what makes the others. The application had it before there were any.
MASTER = "ascent"
# Owns every table; nobody logs in as it.
OWNER = "ascent_owner"
# What the application may do: change rows, nothing else. Nobody logs in as it.
WRITES = "ascent_app"
# The application logs in as one of the two, by turns, so that the other one's password can be changed meanwhile.
APPLICATIONS = ("ascent_app_a", "ascent_app_b")
# Database jobs and the team's own migrations: what it makes belongs to the owner.
JOBS = "ascent_jobs"
# People who look.
READS = "ascent_read"
LOGINS = (*APPLICATIONS, JOBS, READS)


def short(user: str) -> str:
    """What a user is for, as a part of a resource's name: `app-a`."""
    return user.removeprefix("ascent_").replace("_", "-")
