"""``triplepoint operator``: who runs this installation."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from triplepoint.access.model import Operator, Role
from triplepoint.access.passwords import make_password
from triplepoint.app import open_installation
from triplepoint.cli.local import (
    WRONG_USAGE,
    ExpiresIn,
    key_state,
    local_actor,
    moment_in,
    moment_text,
    plain,
    print_json,
    print_table,
    read_password,
    say,
    show_once,
)
from triplepoint.cli.options import AsJson, Folder
from triplepoint.foundation.secret import Secret

app = typer.Typer(help="Operators of the control plane: roles, passwords, keys.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(metavar="OPERATOR", help="Id or name.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password and show it once.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Take the password from standard input.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name: a-z, 0-9 and . _ @ + -")],
    role: Annotated[Role, typer.Option(help="What the operator may do.")] = Role.VIEWER,
    generate: Generate = False,
    from_stdin: FromStdin = False,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Make an operator; asks for a password unless told where it comes from."""
    password = _password(generate=generate, from_stdin=from_stdin)
    with open_installation(folder) as installation:
        operator = installation.access.operators.create(local_actor(), name, role=role, password=password)
    about = f"The password of {operator.name} ({operator.role})."
    _tell(operator, f"{operator.name} is {operator.role}.", as_json=as_json, made=password if generate else None, about=about)


@app.command("list")
def list_command(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """List operators, oldest first."""
    with open_installation(folder) as installation:
        operators = installation.access.operators.all(local_actor())
    if as_json:
        print_json([plain(operator) for operator in operators])
        return
    table = Table("id", "name", "role", "created (UTC)", "disabled (UTC)")
    for one in operators:
        table.add_row(one.id, escape(one.name), one.role, moment_text(one.created_us), moment_text(one.disabled_us))
    print_table(table)


@app.command()
def disable(operator: Who, folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Lock an operator out: sessions end, keys open nothing."""
    with open_installation(folder) as installation:
        found = installation.access.operators.disable(local_actor(), operator)
    _tell(found, f"{found.name} is locked out.", as_json=as_json)


@app.command()
def enable(operator: Who, folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Let an operator in again, with the former password and keys."""
    with open_installation(folder) as installation:
        found = installation.access.operators.enable(local_actor(), operator)
    _tell(found, f"{found.name} may come in again.", as_json=as_json)


@app.command()
def role(
    operator: Who,
    new: Annotated[Role, typer.Argument(metavar="ROLE", help="admin, operator or viewer.")],
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Change what an operator may do."""
    with open_installation(folder) as installation:
        found = installation.access.operators.set_role(local_actor(), operator, new)
    _tell(found, f"{found.name} is {found.role}.", as_json=as_json)


@app.command()
def password(
    operator: Who,
    generate: Generate = False,
    from_stdin: FromStdin = False,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Give an operator a new password; all of their sessions end."""
    new = _password(generate=generate, from_stdin=from_stdin)
    with open_installation(folder) as installation:
        found = installation.access.operators.set_password(local_actor(), operator, new)
    about = f"The new password of {found.name}."
    _tell(found, f"{found.name} has a new password.", as_json=as_json, made=new if generate else None, about=about)


@app.command()
def key(
    operator: Who,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    expires_in: ExpiresIn = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a key with which a program acts as an operator: `Authorization: Bearer tpo-…`."""
    with open_installation(folder) as installation:
        expires_us = moment_in(installation.clock, expires_in)
        issued = installation.access.operators.create_key(local_actor(), operator, label=label, expires_us=expires_us)
    if as_json:
        print_json({**plain(issued.key), "key": issued.text.reveal()})
        return
    show_once(issued.text, f"The key {issued.key.id} of {operator}.")


@app.command()
def keys(operator: Who, folder: Folder = Path(), as_json: AsJson = False) -> None:
    """List the keys of an operator, oldest first."""
    with open_installation(folder) as installation:
        clock = installation.clock
        found = installation.access.operators.keys_of(local_actor(), operator)
    if as_json:
        print_json([{**plain(one), "state": key_state(one, clock)} for one in found])
        return
    table = Table("id", "key", "label", "state", "ends (UTC)")
    for one in found:
        table.add_row(one.id, f"{one.display}…", escape(one.label), key_state(one, clock), moment_text(one.expires_us))
    print_table(table)


@app.command("revoke-key")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="Id, such as okey_…")],
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """End an operator's key now and for good."""
    with open_installation(folder) as installation:
        revoked = installation.access.operators.revoke_key(local_actor(), key_id)
    if as_json:
        print_json(plain(revoked))
        return
    print(f"{revoked.id} ({revoked.display}…) is revoked.")


def _password(*, generate: bool, from_stdin: bool) -> Secret:
    if generate and from_stdin:
        say("Either --generate or --password-stdin, not both.")
        raise typer.Exit(WRONG_USAGE)
    return make_password() if generate else read_password(from_stdin=from_stdin)


def _tell(operator: Operator, text: str, *, as_json: bool, made: Secret | None = None, about: str = "") -> None:
    if as_json:
        print_json(plain(operator) if made is None else {**plain(operator), "password": made.reveal()})
    elif made is not None:
        show_once(made, about)
    else:
        print(text)
