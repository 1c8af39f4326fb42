"""Read-only tools for assistants, over the Model Context Protocol.

`answers` has the tools and the types that they return, `server` serves them. The
package may import everything below `cli`.
"""
