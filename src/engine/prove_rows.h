#pragma once
// Keeping proof: every chunk is digested on both sides at one place of the log, and every key that
// changed since is digested again by itself. A difference counts only if it is seen twice, at two
// places, on a key that following was not touching: so a busy key is unknown for a while, and never
// a false alarm. A table without a key is one chunk, proved as a whole, and not at all after a
// change; of its differences it is known that there are some. run() is one thread; everything else
// may be called from others.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <vector>

#include "engine/bracket.h"
#include "engine/parts.h"

namespace wherry::engine {

using DifferentKeys = std::map<model::CollectionId, std::set<model::Key>>;

class ProveRows {
 public:
  explicit ProveRows(Parts& parts) : parts_(parts) {}

  // Until stop, or an error that trying again does not mend.
  void run(const std::stop_token& stop);

  // Every chunk is looked at again at once. Requires: all proofs are void.
  void start_over();

  // Keys found different and not mended yet.
  DifferentKeys differences() const;
  // Chunks that were looked at and hold such keys, by table.
  std::map<model::CollectionId, std::uint64_t> different_chunks() const;
  // These were rewritten: look again.
  void look_again(model::CollectionId table);

 private:
  // What differed and has to be looked at again at other places, when the views are closed.
  struct Suspects {
    std::map<model::CollectionId, std::vector<model::Key>> in_chunks;
    std::map<model::CollectionId, std::vector<model::Chunk>> chunks;
    std::map<model::CollectionId, std::vector<model::Key>> dirty;
    void add(Suspects more);  // of chunks
  };
  struct Done {
    bool chunks = false;
    bool keys = false;
  };
  // Chunks are digested on several lanes at the same time, so that no server stands still between
  // two of them.
  struct Lane {
    std::unique_ptr<contract::RowReader> source;
    std::unique_ptr<contract::RowReader> target;
  };

  void session(const std::stop_token& stop);
  void drop_old_proofs();
  Done round(const std::vector<Lane>& lanes, const std::stop_token& stop);
  // These chunks, as far as they are done by then; gives what differed.
  Suspects prove_chunks(const BothViews& views, const std::vector<journal::ChunkRecord>& chunks,
                        std::chrono::steady_clock::time_point until, const std::stop_token& stop);
  bool prove_dirty_keys(const BothViews& views, Suspects& suspects, const std::stop_token& stop);
  // False if a change of definition is in the way.
  bool prove_keys(const BothViews& views, const contract::TablePair& pair,
                  const std::vector<model::Key>& keys, Suspects& suspects);
  void settle(contract::RowReader& source, contract::RowReader& target, const Suspects& suspects,
              const std::stop_token& stop);
  void recheck_differences(contract::RowReader& source, contract::RowReader& target,
                           const std::stop_token& stop);
  std::vector<journal::ChunkRecord> unproved_chunks(std::size_t most);
  // The keys that differ and were not being touched; nothing if the chunk is proved now.
  std::vector<model::Key> prove_chunk(const BothViews& views, const contract::TablePair& pair,
                                      const journal::ChunkRecord& copied,
                                      const std::stop_token& stop);
  // The empty key, if the table's rows differ and nothing changed it since the source was read.
  std::vector<model::Key> compare_without_key(const BothViews& views,
                                              const contract::TablePair& pair) const;
  // Of these keys, those that differ at another place too.
  std::vector<model::Key> confirm(contract::RowReader& source, contract::RowReader& target,
                                  const contract::TablePair& pair, std::vector<model::Key> suspects,
                                  const std::stop_token& stop);
  void tell(const contract::TablePair& pair, const std::vector<model::Key>& keys);
  void forgive(model::CollectionId table, const std::vector<model::Key>& keys);

  Parts& parts_;
  mutable std::mutex mutex_;
  DifferentKeys different_;
  std::set<std::pair<model::CollectionId, std::uint32_t>> different_chunks_;
  // Chunks that were not equal wait a while before they are read again.
  std::map<std::pair<model::CollectionId, std::uint32_t>, std::chrono::steady_clock::time_point>
      not_before_;
  std::uint64_t nothing_unproved_at_ = ~0ULL;  // Parts::unproved_version when a look found nothing
  std::chrono::steady_clock::time_point rechecked_at_{};
};

}  // namespace wherry::engine
