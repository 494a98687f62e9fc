"""Settings: read from the environment (prefix TANHUI_) when `Settings()` is made, never at import.

Every setting has its heading in docs/settings.md; a test holds the two together.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the node, the database, the keys and the pages are."""

    model_config = SettingsConfigDict(env_prefix="TANHUI_", extra="ignore")

    data: Path = Field(
        default=Path("data"), description="Folder for the chain's state, deployment records, keys and SQLite."
    )
    node_url: str = Field(
        default="",
        description="JSON-RPC address of the node; empty: the development chain of the data folder.",
    )
    chain_id: int = Field(
        default=0, description="Chain id the node must have; 0: the one of the deployment record."
    )
    database_url: str = Field(
        default="", description="SQLAlchemy address of the database; empty: SQLite in the data folder."
    )
    password: SecretStr = Field(
        default=SecretStr(""), description="Password of the keystore, when no password file is given."
    )
    password_file: Path | None = Field(
        default=None, description="File whose first line is the keystore's password."
    )
    signer_url: str = Field(
        default="",
        description="Address of a Web3Signer that has the keys of holders and relayers; empty: the keystore has.",
    )
    relayers: str = Field(
        default="relayer",
        description="Keys that send holders' orders, with commas between: names, or accounts with a Web3Signer.",
    )
    outbox: bool = Field(
        default=True,
        description="Whether the API's process carries requests to the chain; if not, `tanhui request carry` does.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the API listens on.")
    port: int = Field(
        default=8640, ge=0, le=65535, description="Port that the API listens on; 0 takes a free one."
    )
    lag_blocks: int = Field(
        default=0,
        ge=0,
        description="Blocks behind the head up to which the mirror reads; 0 where blocks are final.",
    )
    finality_blocks: int = Field(
        default=0,
        ge=0,
        description="Newest blocks that may still change and can be undone; 0 where blocks are final at once.",
    )
    proven: bool = Field(
        default=False, description="Whether the mirror writes only what the blocks' receipts prove."
    )
    scheme_name_zh: str = Field(default="碳惠", description="Name of the scheme on Chinese pages.")
    scheme_name_en: str = Field(default="Tanhui", description="Name of the scheme on English pages.")
    unit_prefix: str = Field(default="HRBCER", description="Prefix of the credits' public serial numbers.")
    utc_offset_hours: int = Field(default=8, ge=-12, le=14, description="Offset of the times shown on pages.")
    rate_limit: str = Field(
        default="600/minute", description="Requests that one address may make of the API."
    )

    @property
    def relayer_names(self) -> tuple[str, ...]:
        """Names or accounts of the relayers' keys."""
        return tuple(name for each in self.relayers.split(",") if (name := each.strip()))

    @property
    def keystore(self) -> Path:
        """Folder of the encrypted keys."""
        return self.data / "keys"

    @property
    def deployments(self) -> Path:
        """Folder of the deployment records, one per chain id."""
        return self.data / "deployments"

    @property
    def chain_folder(self) -> Path:
        """Folder of the development chain's state."""
        return self.data / "chain"

    @property
    def effective_database_url(self) -> str:
        """The database's address, with the SQLite default filled in."""
        return self.database_url or f"sqlite:///{(self.data / 'tanhui.sqlite').resolve()}"
