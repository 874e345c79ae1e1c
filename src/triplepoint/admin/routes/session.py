"""Logging in and out, and oneself."""

from fastapi import Request, Response

from triplepoint.admin.guard import SESSION_COOKIE, caller_address
from triplepoint.admin.routes.common import CurrentVisitor, Services, guarded_router
from triplepoint.admin.shapes import LoginBody, LoginView, OperatorView, OwnPasswordBody, secret
from triplepoint.foundation.errors import RequestInvalid

router = guarded_router("session")


@router.post("/api/login")
def log_in(request: Request, response: Response, body: LoginBody, services: Services) -> LoginView:
    """Open a session; it comes as a cookie that scripts cannot read."""
    login = services.access.sessions.login(body.name, secret(body.password), address=caller_address(request))
    response.set_cookie(
        SESSION_COOKIE,
        login.session_id.reveal(),
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return LoginView(operator=OperatorView.of(login.operator), expires_us=login.expires_us)


@router.post("/api/logout", status_code=204)
def log_out(response: Response, visitor: CurrentVisitor, services: Services) -> None:
    """Close this session."""
    if visitor.session_id is None:
        raise RequestInvalid("a key has no session to close; to end the key, revoke it")
    services.access.sessions.logout(visitor.session_id)
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")


@router.get("/api/me")
def show_me(visitor: CurrentVisitor) -> OperatorView:
    """Say who is calling."""
    return OperatorView.of(visitor.operator)


@router.post("/api/me/password", status_code=204)
def change_my_password(response: Response, body: OwnPasswordBody, visitor: CurrentVisitor, services: Services) -> None:
    """Change one's own password; all of one's sessions end, this one too."""
    services.access.operators.change_own_password(visitor.operator, current=secret(body.current), new=secret(body.new))
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
