#include "engine/window.h"

#include <algorithm>
#include <utility>

namespace wherry::engine {

void Window::add(model::ChangePart part, const TableBook& book, const CascadeBook& cascades) {
  const auto graph = cascades.get();
  for (auto& moved : part.events) {
    events_.push_back(std::make_unique<model::RowEvent>(std::move(moved)));
    const model::RowEvent& event = *events_.back();
    auto pair = book.get(event.collection);
    if (pair->source.key.empty()) {
      const bool copied = book.is_copied_at(event.collection, part.begin);
      open_step().replayed.push_back(
          {std::move(pair), &event, copied ? contract::Replay::exact : contract::Replay::tolerant});
      if (event.kind == model::ChangeKind::update) {
        for (std::size_t row = 0; row < event.before.rows(); ++row) carry(graph, event, row, 1);
      }
    } else {
      add_net(event, std::move(pair), graph);
    }
    if (event.kind == model::ChangeKind::remove) carry(graph, event, 0, event.before.rows());
    changes_ += std::max(event.before.rows(), event.after.rows());
    weight_ += event.before.bytes() + event.after.bytes();
  }
}

Window::Step& Window::open_step() {
  if (steps_.empty() || steps_.back().cascade) steps_.emplace_back();
  return steps_.back();
}

void Window::add_net(const model::RowEvent& event, std::shared_ptr<const contract::TablePair> pair,
                     const std::shared_ptr<const CascadeGraph>& graph) {
  const auto& key_columns = pair->source.key;
  const auto net_of_table = [&]() -> TableNet& {
    TableNet& net = open_step().tables[event.collection];
    if (!net.pair) net.pair = pair;
    return net;
  };
  for (std::size_t row = 0; row < event.before.rows(); ++row) {
    TableNet& net = net_of_table();
    net.last[event.before.key(row, key_columns)] = Image{};
    if (event.kind == model::ChangeKind::update) {
      net.last[event.after.key(row, key_columns)] = Image{&event.after, row};
      carry(graph, event, row, 1);
    }
  }
  if (event.kind != model::ChangeKind::insert) return;
  for (std::size_t row = 0; row < event.after.rows(); ++row) {
    net_of_table().last[event.after.key(row, key_columns)] = Image{&event.after, row};
  }
}

void Window::carry(const std::shared_ptr<const CascadeGraph>& graph, const model::RowEvent& event,
                   std::size_t first, std::size_t count) {
  if (!event.cascades || count == 0 || !graph->has_parent(event.collection)) return;
  const auto* const after = event.kind == model::ChangeKind::update ? &event.after : nullptr;
  if (!graph->is_followed(event.collection, event.before, after, first)) return;
  open_step().cascade = Carried{graph, {event.collection, &event.before, after, first, count}};
}

void Window::write(const Step& step, contract::RowWriter& writer) {
  for (const auto& [id, net] : step.tables) {
    std::vector<model::Key> removed;
    model::RowBatch rows(net.pair->source.columns.size());
    for (const auto& [key, image] : net.last) {
      if (image.batch == nullptr) {
        removed.push_back(key);
      } else {
        rows.append_row(*image.batch, image.row);
      }
    }
    if (!removed.empty()) writer.remove(*net.pair, removed);
    if (!rows.empty()) writer.put(*net.pair, rows);
  }
  for (const auto& replayed : step.replayed) {
    writer.replay(*replayed.pair, *replayed.event, replayed.way);
  }
}

void Window::write_to(contract::RowWriter& writer, std::uint64_t most_keys) {
  for (const auto& step : steps_) {
    write(step, writer);
    if (!step.cascade) continue;
    auto touched = writer.cascade(step.cascade->graph->rules(), step.cascade->change, most_keys);
    for (auto& [id, keys] : touched.keys) {
      auto& mine = cascaded_.keys[id];
      mine.insert(mine.end(), std::make_move_iterator(keys.begin()),
                  std::make_move_iterator(keys.end()));
      if (mine.size() > most_keys) touched.beyond.insert(id);
    }
    for (const auto id : touched.beyond) {
      cascaded_.keys.erase(id);
      cascaded_.tables.insert(id);
    }
  }
}

void Window::collect(const Step& step, Touched& out) {
  for (const auto& [id, net] : step.tables) {
    if (out.tables.contains(id)) continue;
    auto& mine = out.keys[id];
    for (const auto& [key, image] : net.last) mine.push_back(key);
  }
  for (const auto& replayed : step.replayed) out.tables.insert(replayed.pair->id);
}

void Window::drop_written(std::uint64_t most_bytes) {
  for (const auto& step : steps_) collect(step, written_);
  steps_.clear();
  events_.clear();
  weight_ = 0;
  if (ledger::memory_of(written_.keys) <= most_bytes) return;
  ledger::make_unique(written_.keys);
  while (ledger::memory_of(written_.keys) > most_bytes) {
    const auto largest = std::max_element(
        written_.keys.begin(), written_.keys.end(), [](const auto& a, const auto& b) {
          return ledger::memory_of(a.second) < ledger::memory_of(b.second);
        });
    written_.tables.insert(largest->first);
    written_.keys.erase(largest);
  }
}

Touched Window::touched() const {
  Touched out = written_;
  for (const auto& step : steps_) collect(step, out);
  for (const auto& [id, keys] : cascaded_.keys) {
    auto& mine = out.keys[id];
    mine.insert(mine.end(), keys.begin(), keys.end());
  }
  out.tables.insert(cascaded_.tables.begin(), cascaded_.tables.end());
  ledger::make_unique(out.keys);
  return out;
}

void Window::clear() {
  steps_.clear();
  events_.clear();
  written_ = {};
  cascaded_ = {};
  weight_ = 0;
  changes_ = 0;
}

}  // namespace wherry::engine
