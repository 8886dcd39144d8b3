#include "stores/memory/target.h"

#include "base/error.h"
#include "base/text.h"
#include "stores/memory/reader.h"
#include "stores/memory/source.h"
#include "stores/memory/writer.h"

namespace wherry::stores::memory {

using base::Error;
using base::ErrorKind;

std::string Target::identity() { return meant().name; }

Meant Target::meant() {
  const std::lock_guard lock(mutex_);
  if (name_.empty()) name_ = server_->name();
  return {name_, "target.replaced"};
}

void Target::meet_anew() {
  const std::lock_guard lock(mutex_);
  name_.clear();
}

void Target::transaction(const std::function<void(Transaction&)>& body) {
  server_->transaction(server_->generation(meant()), body);
}

void Target::check_successor(const contract::LeaseRequest& request) {
  (void)server_->generation(meant());
  server_->with_progress([&](const Progress& progress) {
    const auto lease = progress.leases.find(request.migration);
    if (lease != progress.leases.end() && lease->second.owner == request.owner) return;
    throw Error(ErrorKind::rejected, "target.not_a_copy", "it holds no progress of this owner");
  });
}

std::vector<model::Finding> Target::assess(const std::vector<contract::TablePair>& tables) {
  std::vector<model::Finding> findings;
  for (const auto& table : tables) {
    const auto there = definition(table.target);
    if (!there || there->carries_like(table.source)) continue;
    findings.push_back({model::Severity::blocker, "target.table_differs", table.target.text(),
                        "the target has another table of this name", "rename or drop it"});
  }
  return findings;
}

contract::Fence Target::acquire(const contract::LeaseRequest& request) {
  contract::Fence fence{request.migration, 0};
  transaction([&](Transaction& t) {
    auto& leases = t.progress().leases;
    const auto found = leases.find(request.migration);
    const Lease old = found == leases.end() ? Lease{} : found->second;
    if (old.owner != request.owner && t.now() < old.renewed + old.valid_for) {
      throw Error(ErrorKind::rejected, "lease.held", "another process moves this: " + old.owner,
                  request.migration);
    }
    fence.epoch = old.epoch + 1;
    t.assign(leases, request.migration,
             Lease{fence.epoch, request.owner, t.now(), request.valid_for});
  });
  return fence;
}

void Target::renew(const contract::Fence& fence, const std::stop_token&) {
  transaction([&](Transaction& t) {
    t.check(fence);
    Lease lease = t.progress().leases.at(fence.migration);
    lease.renewed = t.now();
    t.assign(t.progress().leases, fence.migration, lease);
  });
}

void Target::release(const contract::Fence& fence) {
  transaction([&](Transaction& t) {
    t.check(fence);
    Lease lease = t.progress().leases.at(fence.migration);
    ++lease.epoch;
    lease.valid_for = {};
    t.assign(t.progress().leases, fence.migration, lease);
  });
}

contract::TargetProgress Target::load_progress(const std::string& migration,
                                               const std::stop_token&) {
  contract::TargetProgress out;
  (void)server_->generation(meant());
  server_->with_progress([&](const Progress& progress) {
    if (const auto s = progress.streams.find(migration); s != progress.streams.end()) {
      out.position = s->second.position;
      out.last_window = s->second.last_window;
      out.source = s->second.source;
    }
    if (const auto f = progress.being_filled.find(migration); f != progress.being_filled.end()) {
      out.being_filled.assign(f->second.begin(), f->second.end());
    }
    for (const auto& [key, mark] : progress.chunks) {
      if (std::get<0>(key) == migration) out.chunks.push_back(mark);
    }
    for (const auto& [key, mark] : progress.windows) {
      if (key.first == migration) out.windows.push_back(mark);
    }
  });
  return out;
}

void Target::start_stream(const contract::Fence& fence, const model::Position& from) {
  transaction([&](Transaction& t) {
    t.check(fence);
    auto& streams = t.progress().streams;
    const auto found = streams.find(fence.migration);
    if (found == streams.end()) return t.assign(streams, fence.migration, Stream{from, 0, {}});
    if (found->second.position == from) return;
    const auto& chunks = t.progress().chunks;
    const auto chunk = chunks.lower_bound({fence.migration, 0, 0});
    const bool copied = chunk != chunks.end() && std::get<0>(chunk->first) == fence.migration;
    if (found->second.last_window == 0 && !copied) {
      return t.assign(streams, fence.migration, Stream{from, 0, {}});
    }
    throw Error(ErrorKind::internal, "target.stream_started", "the stream was started before",
                fence.migration);
  });
}

namespace {

void forget_windows(Transaction& t, const std::string& migration) {
  auto& windows = t.progress().windows;
  for (auto w = windows.lower_bound({migration, 0});
       w != windows.end() && w->first.first == migration;) {
    t.assign(windows, (w++)->first, std::nullopt);
  }
}

}  // namespace

void Target::rebase_stream(const contract::Fence& fence, const contract::StreamRebase& to) {
  transaction([&](Transaction& t) {
    t.check(fence);
    Progress& p = t.progress();
    for (const auto& [table, chunk] : to.not_done) {
      t.assign(p.chunks, {fence.migration, table, chunk}, std::nullopt);
    }
    for (auto c = p.chunks.lower_bound({fence.migration, 0, 0});
         c != p.chunks.end() && std::get<0>(c->first) == fence.migration; ++c) {
      contract::ChunkMark mark = c->second;
      mark.bracket = {to.at, to.at};
      t.assign(p.chunks, c->first, mark);
    }
    forget_windows(t, fence.migration);
    Stream stream = p.streams.at(fence.migration);
    stream.position = to.at;
    stream.source = to.source;
    t.assign(p.streams, fence.migration, stream);
  });
}

void Target::adopt(const contract::Fence& fence, const contract::Adoption& adoption) {
  transaction([&](Transaction& t) {
    t.check(fence);
    Progress& p = t.progress();
    for (auto c = p.chunks.lower_bound({fence.migration, 0, 0});
         c != p.chunks.end() && std::get<0>(c->first) == fence.migration;) {
      t.assign(p.chunks, (c++)->first, std::nullopt);
    }
    forget_windows(t, fence.migration);
    for (const auto& mark : adoption.chunks) {
      t.assign(p.chunks, {fence.migration, mark.chunk.collection, mark.chunk.number}, mark);
    }
    const auto known = p.streams.find(fence.migration);
    const std::uint64_t last_window = known == p.streams.end() ? 0 : known->second.last_window;
    t.assign(p.streams, fence.migration, Stream{adoption.at, last_window, adoption.source});
  });
}

std::unique_ptr<contract::RowReader> Target::reader(const std::stop_token&) {
  return open_reader(server_, meant());
}

std::unique_ptr<contract::RowWriter> Target::writer(const contract::Fence& fence,
                                                    const std::stop_token&) {
  return open_writer(server_, fence, meant());
}

void Target::create_tables(const contract::Fence& fence, contract::RowSource&,
                           const std::vector<contract::TablePair>& tables) {
  std::set<model::CollectionName> made;
  transaction([&](Transaction& t) {
    t.check(fence);
    const auto earlier = t.progress().made.find(fence.migration);
    if (earlier != t.progress().made.end()) made = earlier->second;
  });
  const auto require_no_rows = [&](const model::CollectionName& name) {
    if (server_->rows(name).empty()) return;
    throw Error(ErrorKind::rejected, "target.table_exists", "it holds rows", name.text());
  };
  for (const auto& name : made) {
    if (!definition(name)) continue;
    require_no_rows(name);
    transaction([&](Transaction& t) { t.define(name, std::nullopt); });
  }
  made.clear();
  for (const auto& pair : tables) {
    const auto there = definition(pair.target);
    if (there) require_no_rows(pair.target);
    if (there && there->carries_like(pair.source)) continue;
    made.insert(pair.target);
    model::TableSchema schema = pair.source;
    schema.name = pair.target;
    transaction([&](Transaction& t) {
      t.check(fence);
      t.define(std::nullopt, schema);
    });
    transaction([&](Transaction& t) { t.assign(t.progress().made, fence.migration, made); });
  }
}

// It lacks nothing, and only says so: for tests of who asks for it.
void Target::begin_filling(const contract::Fence& fence,
                           const std::vector<contract::TablePair>& tables) {
  std::set<model::CollectionName> names;
  for (const auto& pair : tables) names.insert(pair.target);
  transaction([&](Transaction& t) {
    t.check(fence);
    t.assign(t.progress().being_filled, fence.migration, names);
  });
}

void Target::end_filling(const contract::Fence& fence, const model::CollectionName& table,
                         const std::stop_token&) {
  transaction([&](Transaction& t) {
    t.check(fence);
    auto names = t.progress().being_filled[fence.migration];
    names.erase(table);
    t.assign(t.progress().being_filled, fence.migration, names);
  });
}

std::optional<model::TableSchema> Target::definition(const model::CollectionName& name) {
  for (auto& schema : server_->definitions()) {
    if (schema.name == name) return std::move(schema);
  }
  return std::nullopt;
}

std::vector<contract::CascadeRule> Target::cascades(
    const std::vector<contract::TablePair>& tables) {
  std::map<model::CollectionName, model::CollectionId> ids;
  for (const auto& pair : tables) ids.emplace(pair.target, pair.id);
  return cascades_between(*server_, ids);
}

std::vector<std::string> Target::statements(const contract::TablePair& table,
                                            const std::vector<model::Key>& remove,
                                            const model::RowBatch& put) {
  std::vector<std::string> out;
  for (const auto& key : remove) out.push_back("remove " + table.target.text() + " " + key.text());
  for (std::size_t row = 0; row < put.rows(); ++row) {
    std::string line = "put " + table.target.text();
    for (std::size_t c = 0; c < put.columns(); ++c) {
      const model::Cell cell = put.cell(row, c);
      line += " " + (cell ? base::printable(*cell) : std::string("NULL"));
    }
    out.push_back(std::move(line));
  }
  return out;
}

void Target::forget(const std::string& migration) {
  transaction([&](Transaction& t) {
    Progress& p = t.progress();
    t.assign(p.leases, migration, std::nullopt);
    t.assign(p.streams, migration, std::nullopt);
    t.assign(p.being_filled, migration, std::nullopt);
    for (auto w = p.windows.lower_bound({migration, 0});
         w != p.windows.end() && w->first.first == migration;) {
      t.assign(p.windows, (w++)->first, std::nullopt);
    }
    for (auto c = p.chunks.lower_bound({migration, 0, 0});
         c != p.chunks.end() && std::get<0>(c->first) == migration;) {
      t.assign(p.chunks, (c++)->first, std::nullopt);
    }
  });
}

}  // namespace wherry::stores::memory
