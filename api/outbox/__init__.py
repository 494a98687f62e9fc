"""The outbox: carries accepted requests to the chain, durably, by one thread.

Flow of a pass: requests that the mirror shows as retired are final (`mirrored`) → those sent are followed (`following`): what
is prepared is sent, what stays long is looked at, what a node forgot is sent again → those accepted are prepared
(`preparing`): the holder's key signs the order, the contract is asked, a relayer's key signs the transaction, all is stored
before anything is sent → broadcast. Each step is one transaction and one batch of calls for all requests it concerns.

What is guaranteed:
- At most one retirement per request. The number of the retirement comes from the request's own id, which comes from the API key
  and the Idempotency-Key alone, and the contract takes a number once; so neither a crash, a repeated broadcast, a restored
  backup nor a second outbox can retire twice.
- Nothing is sent that is not stored: a restart resends the same bytes.
- Nonces of a relayer have no gaps: nonce and bytes are stored together or not at all, and bytes once stored are offered to
  the node until their nonce is used, even when the order has run out (the contract refuses it then).
- Only the contract refuses. A node that lags, has a full pool, restarts, stalls or does not answer is waited for.
- A request is final only when the mirror shows its very record (by record hash), and not any more when a reorganised chain
  takes it away; it is refused only when nothing of it is on the chain.
- One outbox per data folder works at a time (a lock file); another waits and takes over. Several machines over one database
  collide on a unique index before they can send two transactions of one nonce.
"""

from api.outbox.loop import Outbox
from api.outbox.means import Patience

__all__ = ["Outbox", "Patience"]
