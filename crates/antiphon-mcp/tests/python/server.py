"""A server of the Python SDK: on standard input and output, or with a port on loopback."""

import asyncio
import sys

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel

server = MCPServer("python")


class Weather(BaseModel):
    place: str
    degrees: int


@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
def weather(place: str, days: int = 1) -> Weather:
    """Tells the weather of a place."""
    return Weather(place=place, degrees=20 + days)


@server.tool()
def fail() -> str:
    """Fails."""
    raise ToolError("no table is free")


@server.tool()
async def hang() -> str:
    """Never answers."""
    try:
        await asyncio.sleep(1000)
    finally:
        print("cancelled", file=sys.stderr, flush=True)
    return "never"


if len(sys.argv) > 1:
    server.run(transport="streamable-http", port=int(sys.argv[1]))
else:
    server.run(transport="stdio")
