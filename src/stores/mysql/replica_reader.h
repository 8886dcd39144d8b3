#pragma once
// Reading what is copied from a replica of the source, to spare the source. As
// contract/row_reader.h says, with brackets of the source's log: low is how far the replica has
// applied it before its view is opened, high is the log's end at the source afterwards. A replica
// whose applying threads overtake each other shows rows from beyond low, never from beyond high.
// Views that have to be exact are of the source itself.
//
// Whatever replica answers is taken, also one that was rebuilt, if it replicates from this source:
// that is looked at on the view's own connection, before the view is opened and after. What it
// holds wrongly the proofs find, which read the source.
//
// A replica that is behind is waited for, as long as it goes on. Errors: connection_lost
// ("source.replica_stopped" if it stands still, before the place that is needed) is worth another
// try; rejected: "source.replica_other_primary", "source.replica_filtered",
// "source.replica_parallel".

#include <memory>
#include <stop_token>
#include <string>

#include "contract/row_reader.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

struct ReplicaReaderOptions {
  Endpoint replica;
  Endpoint source;
  std::string source_identity;  // what check_identity() expects
  std::stop_token stop = {};    // breaks blocked calls
};

// `exact`: a reader of the source itself.
std::unique_ptr<contract::RowReader> open_replica_reader(
    ReplicaReaderOptions options, std::unique_ptr<contract::RowReader> exact);

}  // namespace wherry::stores::mysql
