#pragma once
// Digests of rows that a server makes by itself, so that no row travels: the sums of the halves of
// MD5 over the migration's key and a row's canonical cells, framed by length; NULL is unlike any
// value. Servers of every kind make the same digest of the same rows. Not the digest that is made
// here of streamed rows (base/digest.h). Pure functions.
// Source: RFC 1321 (MD5).

#include <optional>
#include <string>

#include "base/digest.h"
#include "model/proof.h"
#include "model/schema.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// False where what a server prints of a value does not tell all of it, or not alike everywhere:
// MySQL's JSON, geometry.
bool servers_can_digest(const model::TableSchema& shape);

// Of the rows that `from_where` gives, which stand in a table of the alias `t`. Requires:
// servers_can_digest(shape).
std::string server_digest_query(const model::TableSchema& shape, const std::string& from_where,
                                const base::DigestKey& key);

// The row that it answers; nothing if the server could not digest one of its rows.
std::optional<model::ChunkDigest> server_digest_of(const Stream& answer);

}  // namespace wherry::stores::mysql
