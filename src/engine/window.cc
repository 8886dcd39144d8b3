#include "engine/window.h"

#include <algorithm>
#include <utility>

namespace wherry::engine {

void Window::add(model::ChangePart part, const TableBook& book) {
  for (auto& moved : part.events) {
    events_.push_back(std::make_unique<model::RowEvent>(std::move(moved)));
    const model::RowEvent& event = *events_.back();
    TableNet& net = tables_[event.collection];
    if (!net.pair) net.pair = book.get(event.collection);
    const auto& key_columns = net.pair->source.key;
    for (std::size_t row = 0; row < event.before.rows(); ++row) {
      net.last[event.before.key(row, key_columns)] = Image{};
      if (event.kind == model::ChangeKind::update) {
        net.last[event.after.key(row, key_columns)] = Image{&event.after, row};
      }
    }
    if (event.kind == model::ChangeKind::insert) {
      for (std::size_t row = 0; row < event.after.rows(); ++row) {
        net.last[event.after.key(row, key_columns)] = Image{&event.after, row};
      }
    }
    changes_ += std::max(event.before.rows(), event.after.rows());
    weight_ += event.before.bytes() + event.after.bytes();
  }
}

void Window::write_to(contract::RowWriter& writer) const {
  for (const auto& [id, net] : tables_) {
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
}

void Window::drop_written() {
  for (auto& [id, net] : tables_) {
    auto& written = written_[id];
    for (const auto& [key, image] : net.last) written.push_back(key);
  }
  tables_.clear();
  events_.clear();
  weight_ = 0;
}

ledger::TouchedKeys Window::touched() const {
  ledger::TouchedKeys keys(written_.begin(), written_.end());
  for (const auto& [id, net] : tables_) {
    auto& mine = keys[id];
    for (const auto& [key, image] : net.last) mine.push_back(key);
  }
  for (auto& [id, mine] : keys) {
    std::sort(mine.begin(), mine.end());
    mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
  }
  return keys;
}

void Window::clear() {
  tables_.clear();
  events_.clear();
  written_.clear();
  weight_ = 0;
  changes_ = 0;
}

}  // namespace wherry::engine
