"""The rows of the table, each a file with `async def run(stage) -> list[Result]`."""
