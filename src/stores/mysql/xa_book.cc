#include "stores/mysql/xa_book.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/error.h"

namespace wherry::stores::mysql {

using namespace std::chrono_literals;

namespace {

bool has_all(const XaBook::Page& page, const std::set<XaId>& ids) {
  return std::all_of(ids.begin(), ids.end(),
                     [&](const XaId& id) { return page.prepared.contains(id); });
}

[[noreturn]] void throw_pending(const XaId& id, const Connection& connection) {
  throw base::Error(base::ErrorKind::transient, "mysql.xa_pending",
                    "an XA transaction is prepared or being committed, and its place in the log is "
                    "not known yet: " +
                        id.text(),
                    connection.endpoint().text());
}

}  // namespace

void XaBook::write(const model::Position& at, const PreparedXa& prepared) {
  const std::lock_guard lock(mutex_);
  if (!page_) page_.emplace();
  if (page_->at.log != at.log || page_->at.offset != at.offset) page_->at = at;
  if (version_ == prepared.version()) return;
  page_->prepared = prepared.tables();
  version_ = prepared.version();
}

std::optional<XaBook::Page> XaBook::read() const {
  const std::lock_guard lock(mutex_);
  return page_;
}

bool XaBook::has_prepared(const std::set<XaId>& ids, const model::Position& at) const {
  const auto give_up = std::chrono::steady_clock::now() + 50ms;
  while (true) {
    const auto page = read();
    if (page && at <= page->at) return has_all(*page, ids);
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(1ms);
  }
}

std::set<XaId> XaBook::perhaps_about(const std::set<XaId>& ids,
                                     const std::vector<model::CollectionName>& tables) const {
  const auto page = read();
  std::set<XaId> out = ids;
  if (!page) return out;
  std::erase_if(out, [&](const XaId& id) {
    const auto known = page->prepared.find(id);
    return known != page->prepared.end() &&
           std::none_of(tables.begin(), tables.end(),
                        [&](const auto& table) { return known->second.contains(table.name); });
  });
  return out;
}

bool logs_prepared_xa(const ServerVersion& server) {
  return server.number >= (server.is_mariadb() ? 100500U : 50707U);
}

std::set<XaId> listed_prepared(Connection& connection) {
  if (!logs_prepared_xa(connection.server())) return {};
  return listed_prepared(connection.query("XA RECOVER"));
}

std::set<XaId> listed_prepared(const Result& r) {
  std::set<XaId> out;
  for (std::size_t i = 0; i < r.rows(); ++i) {
    const std::string both = r.text(i, "data");
    const std::uint64_t global_length = r.number(i, "gtrid_length").value_or(0);
    XaId id;
    id.format = static_cast<std::uint32_t>(r.number(i, "formatID").value_or(0));
    id.global_id = both.substr(0, std::min<std::uint64_t>(global_length, both.size()));
    id.branch_id = both.substr(id.global_id.size());
    out.insert(std::move(id));
  }
  return out;
}

void wait_for_logged_ends(Connection& connection, const std::vector<model::CollectionName>& tables,
                          const XaBook& book) {
  const auto give_up = std::chrono::steady_clock::now() + 500ms;
  while (true) {
    const auto open = book.perhaps_about(listed_prepared(connection), tables);
    if (open.empty()) return;
    if (std::chrono::steady_clock::now() > give_up) throw_pending(*open.begin(), connection);
    std::this_thread::sleep_for(1ms);
  }
}

VisibleEnd visible_end(Connection& connection, const model::Position& end, const XaBook& book) {
  // What is prepared after `end` was read is of no matter: it ends behind it.
  std::set<XaId> open = listed_prepared(connection);
  const auto give_up = std::chrono::steady_clock::now() + 2s;
  while (!open.empty()) {
    const auto page = book.read();
    // All of them end behind that page.
    if (page && has_all(*page, open)) return {std::min(end, page->at), std::move(open)};
    if (std::chrono::steady_clock::now() > give_up) throw_pending(*open.begin(), connection);
    std::this_thread::sleep_for(1ms);
    const std::set<XaId> now = listed_prepared(connection);
    std::erase_if(open, [&](const XaId& id) { return !now.contains(id); });
  }
  return {end, {}};
}

}  // namespace wherry::stores::mysql
