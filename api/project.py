"""Projects: GET /v1/projects, /v1/projects/{id} with its claim keys."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.deps import At, Number, Paged, PortalDep, Search
from api.kinds import Answer, Date, Hash, Id, Time
from api.listing import Listing, contains, detail, equal, listed, shown
from api.reading import Snapshot
from node_client import project

State = Literal["submitted", "registered", "returned", "suspended", "closed"]


class Project(Answer):
    """A project; its crediting period ends before `crediting_end`."""

    project_id: Id
    sequence: Id
    state: str = Field(examples=["registered"])
    owner_id: Id
    methodology_id: Id
    crediting_start: Date
    crediting_end: Date
    document_hash: Hash
    code: str = Field(examples=["HRB-P-0001"])
    name: str = Field(examples=["道里区分布式光伏"])
    place: str = Field(examples=["哈尔滨市道里区"])
    block: Id
    timestamp: Time


class ProjectDetail(Project):
    """A project with its claim keys, salted hashes of sites or meters."""

    ADDED: ClassVar = ("claim_keys",)

    claim_keys: list[Hash]


class ProjectQuery(Paged):
    """Filters of projects."""

    state: State | None = None
    owner_id: Number | None = None
    methodology_id: Number | None = None
    q: Search | None = None


PROJECTS = Listing(
    "project",
    Project,
    {
        "state": equal("state"),
        "owner_id": equal("owner_id"),
        "methodology_id": equal("methodology_id"),
        "q": contains("name", "code", "place"),
    },
)

router = APIRouter(prefix="/v1", tags=["projects"])


@router.get("/projects", responses=listed(Project), response_model=None, summary="Projects")
async def list_projects(
    request: Request, portal: PortalDep, query: Annotated[ProjectQuery, Query()]
) -> Response:
    """Projects, newest first."""
    return await PROJECTS.page(portal, request, query)


@router.get(
    "/projects/{project_id}", responses=shown(ProjectDetail), response_model=None, summary="A project"
)
async def get_project(
    request: Request, portal: PortalDep, project_id: Annotated[Number, Path()], _at: Annotated[At, Query()]
) -> Response:
    """One project with its claim keys, in the order submitted."""

    def find(snapshot: Snapshot) -> dict[str, Any] | None:
        found = PROJECTS.one(snapshot, project_id=project_id)
        if found is None:
            return None
        return {**found, "claim_keys": list(project.claim_keys(snapshot.connection, project_id))}

    return await detail(portal, request, find)
