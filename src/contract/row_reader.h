#pragma once
// Reading rows, for copying and for proving, the same on both sides of a migration.
// A RowReader is one connection used by one thread. A RowView is a consistent read view opened by
// it: everything read through it is of one instant. A reader has at most one view at a time, and
// outlives it. Errors: transient, connection_lost (the view is gone; open another), data_mismatch
// if the table is not as `shape` says: after a read that did not throw it was, and in this view
// stays so.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/digest.h"
#include "base/units.h"
#include "model/chunk.h"
#include "model/position.h"
#include "model/proof.h"
#include "model/row.h"
#include "model/schema.h"

namespace wherry::contract {

// A table as one side sees it: its name there and the columns and key that both sides agree on.
struct TableRef {
  model::CollectionName name;
  const model::TableSchema* shape = nullptr;
};

struct RowDigest {
  model::Key key;
  base::Digest digest;
};

class RowView {
 public:
  RowView() = default;
  RowView(const RowView&) = delete;
  RowView& operator=(const RowView&) = delete;
  virtual ~RowView() = default;

  // Where this view stands in the store's own change log. Every transaction before `low` is
  // visible, none after `high` is. A commit may show in the log before it is visible to reads:
  // `low` must be safe all the same.
  virtual const model::Bracket& bracket() const = 0;

  // Which table a name means is settled at the view's first read of it, which may be later than the
  // view's place: a change of names at or before this place, as far as tables were read, may have
  // decided it. At or after bracket().high.
  virtual model::Position names_settled_by() const { return bracket().high; }

  // The key of the `rows`-th row after `after` (in the server's order), not beyond `through`;
  // nothing if fewer rows are left.
  virtual std::optional<model::Key> boundary(const TableRef& table,
                                             const std::optional<model::Key>& after,
                                             const std::optional<model::Key>& through,
                                             std::uint64_t rows) = 0;

  // Appends the chunk's rows in key order to `out` (all columns of the shape) until the chunk's
  // end, or until `out` holds `limit` bytes: then returns the last key read, and the caller
  // shortens the chunk to it. Nothing = the whole chunk was read.
  [[nodiscard]] virtual std::optional<model::Key> read(const TableRef& table,
                                                       const model::Chunk& chunk, base::Bytes limit,
                                                       model::RowBatch& out) = 0;

  // Every row of the table, in any order, given to `take` in batches of about `batch` bytes. Needs
  // no key.
  virtual void read_all(const TableRef& table, base::Bytes batch,
                        const std::function<void(const model::RowBatch&)>& take) = 0;

  // The rows with these keys, those that exist, in any order.
  virtual model::RowBatch read_keys(const TableRef& table, const std::vector<model::Key>& keys) = 0;

  // Digests over canonical values; both sides must be asked with the same key and shape. Of a table
  // without a key, only of the chunk that is open on both sides.
  virtual model::ChunkDigest digest(const TableRef& table, const model::Chunk& chunk,
                                    const base::DigestKey& key) = 0;
  // The same, made by the store itself, so that no row travels: another digest than digest() gives,
  // to be compared with another store's of this kind. Nothing where the store makes none of these
  // rows.
  virtual std::optional<model::ChunkDigest> digest_in_store(const TableRef& table,
                                                            const model::Chunk& chunk,
                                                            const base::DigestKey& key) {
    (void)table, (void)chunk, (void)key;
    return std::nullopt;
  }
  virtual std::vector<RowDigest> row_digests(const TableRef& table, const model::Chunk& chunk,
                                             const base::DigestKey& key) = 0;
  virtual std::vector<RowDigest> key_digests(const TableRef& table,
                                             const std::vector<model::Key>& keys,
                                             const base::DigestKey& key) = 0;

  // The table's definition as this view sees it; nothing if it does not exist.
  virtual std::optional<model::TableSchema> definition(const model::CollectionName& name) = 0;
};

class RowReader {
 public:
  RowReader() = default;
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;
  virtual ~RowReader() = default;

  // Replaces the previous view, which must be gone.
  virtual std::unique_ptr<RowView> open_view() = 0;

  // The same, where what is wanted has its low at or after `least`, a place of the log that is
  // known already: does and waits for what helps. The view may still stand before it; the caller
  // looks.
  virtual std::unique_ptr<RowView> open_view_from(const model::Position& least) {
    (void)least;
    return open_view();
  }

  // Where a view from a new place of the log costs the server something, such places are rationed:
  // a caller with more to read keeps its view for so long, and asks for its turn before it opens
  // the next one, while it holds nothing back. Then the wait is here and not in open_view_from().
  virtual std::chrono::milliseconds views_are_worth_keeping() const {
    return std::chrono::milliseconds(0);
  }
  virtual void wait_for_turn(const model::Position& least) { (void)least; }

  // A view whose place in the log is known exactly as far as these tables are concerned: its low
  // and high are the same, it holds every change of theirs before that and none after. Where the
  // log alone does not tell, writers of these tables wait for a moment; Error(data_mismatch) there
  // if one of them does not exist. Not for proofs, which need no such place.
  virtual std::unique_ptr<RowView> open_exact_view(
      const std::vector<model::CollectionName>& tables) = 0;
};

}  // namespace wherry::contract
