#pragma once
// Going on at another server: where a place in one server's log is in another's, by GTIDs; and
// whether a server may be written in another's place. Functions connect by themselves, and answer
// for the server whose identity is given.

#include <cstdint>
#include <stop_token>
#include <string>

#include "model/position.h"
#include "stores/mysql/binlog_stream.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// The log's end, with the GTIDs of everything before it. Throws Error(rejected,
// "source.binlog_off").
model::Position end_with_history(const Endpoint& endpoint, const BinlogStream::Reader& reader,
                                 const std::stop_token& stop);

// The place where this server's log goes on beyond what is before `applied`, a place in another
// server's. Errors: rejected "source.no_history" (`applied` does not say what is before it),
// "source.lost_transactions" (the server does not have what was applied), "source.log_purged" (it
// does not have the log of what was not), "source.diverged"; transient "source.behind" (it does not
// have it yet: it is a replica that has not caught up).
model::Position resume_position(const Endpoint& endpoint, const BinlogStream::Reader& reader,
                                const model::Position& applied, const std::stop_token& stop);

// Throws Error(transient, "target.not_promoted") while the server is read-only, or replicates from
// another as far as the account may see that.
void check_promoted(Connection& connection);

}  // namespace wherry::stores::mysql
