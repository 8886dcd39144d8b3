#pragma once
// Reads what `_wherry` says about a migration's progress, and starts its stream. Errors:
// Error(internal, "target.progress_damaged") if it cannot be understood.

#include <cstddef>
#include <string>
#include <vector>

#include "contract/row_writer.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// All of one instant.
contract::TargetProgress load_progress(Connection& connection, const std::string& migration);

// As contract::RowTarget::start_stream().
void start_stream(Connection& connection, const contract::Fence& fence,
                  const model::Position& from);

// As contract::RowTarget::rebase_stream().
void rebase_stream(Connection& connection, const contract::Fence& fence,
                   const contract::StreamRebase& to);

// As contract::RowTarget::adopt().
void adopt(Connection& connection, const contract::Fence& fence,
           const contract::Adoption& adoption);

// Puts the mark of a chunk that has none, or takes the place of the one it has.
std::vector<std::string> put_chunk(const std::string& migration, const contract::ChunkMark& mark);

// Within the caller's transaction: the stream's new position, and the window's dirty keys in pieces
// of statements of at most `statement_limit` bytes. Requires: statement_limit ≥ 64 KiB.
void move_stream(Connection& connection, const std::string& migration,
                 const contract::WindowMark& mark, std::size_t statement_limit);

}  // namespace wherry::stores::mysql
