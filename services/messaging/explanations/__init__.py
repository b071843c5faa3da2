"""Why a message was sent or not, in words: from its cause to the last answer of the gateway. Changes nothing."""
