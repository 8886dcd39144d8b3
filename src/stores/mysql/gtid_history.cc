#include "stores/mysql/gtid_history.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace wherry::stores::mysql {

namespace {

constexpr std::string_view no_transaction = "none";

std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

template <typename Number>
bool read_number(std::string_view digits, Number& out) {
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), out);
  return !digits.empty() && error == std::errc{} && end == digits.end();
}

// "0-1-77"
struct Triple {
  std::uint32_t domain = 0;
  std::uint32_t server_id = 0;
  std::uint64_t number = 0;
};
std::optional<Triple> read_triple(std::string_view item) {
  Triple t;
  const std::string_view domain = next_part(item, '-');
  const std::string_view server = next_part(item, '-');
  if (!read_number(domain, t.domain) || !read_number(server, t.server_id) ||
      !read_number(item, t.number)) {
    return std::nullopt;
  }
  return t;
}

void put_u64(std::string& out, std::uint64_t value) {
  for (unsigned i = 0; i < 8; ++i) out += static_cast<char>((value >> (8 * i)) & 0xffU);
}

}  // namespace

std::optional<GtidHistory> GtidHistory::parse(std::string_view text) {
  std::string dense(text);
  std::erase_if(dense, [](char c) { return c == ' ' || c == '\n'; });
  if (dense.empty()) return std::nullopt;
  GtidHistory history;
  if (dense == no_transaction) return history;
  std::string_view rest = dense;
  while (!rest.empty()) {
    const std::string_view item = next_part(rest, ',');
    const bool mysql = item.find(':') != std::string_view::npos;
    if (!(mysql ? history.read_mysql(item) : history.read_mariadb(item))) return std::nullopt;
  }
  return history;
}

bool GtidHistory::read_mysql(std::string_view item) {
  std::string digits(next_part(item, ':'));
  std::erase(digits, '-');
  ServerUuid uuid{};
  if (digits.size() != 2 * uuid.size() || item.empty()) return false;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    const char* const at = digits.data() + 2 * i;
    const auto [end, error] = std::from_chars(at, at + 2, uuid.at(i), 16);
    if (error != std::errc{} || end != at + 2) return false;
  }
  Intervals& intervals = servers_[uuid];
  while (!item.empty()) {
    std::string_view last = next_part(item, ':');
    const std::string_view first = next_part(last, '-');
    std::uint64_t from = 0;
    if (!read_number(first, from) || from == 0) return false;
    std::uint64_t to = from;
    if (!last.empty() && (!read_number(last, to) || to < from)) return false;
    insert(intervals, from, to);
  }
  return true;
}

bool GtidHistory::read_mariadb(std::string_view item) {
  const bool ahead = item.starts_with('+');
  const auto triple = read_triple(item.substr(ahead ? 1 : 0));
  if (!triple) return false;
  domains_[triple->domain] = {triple->server_id, triple->number, ahead};
  return true;
}

// Joins what touches.
void GtidHistory::insert(Intervals& intervals, std::uint64_t first, std::uint64_t last) {
  auto after = intervals.upper_bound(first);
  if (after != intervals.begin()) {
    const auto before = std::prev(after);
    if (before->second + 1 >= first) {
      first = before->first;
      last = std::max(last, before->second);
      intervals.erase(before);
    }
  }
  while (after != intervals.end() && after->first <= last + 1) {
    last = std::max(last, after->second);
    after = intervals.erase(after);
  }
  intervals[first] = last;
}

std::string GtidHistory::text() const {
  if (empty()) return std::string(no_transaction);
  std::string out;
  for (const auto& [uuid, intervals] : servers_) {
    if (!out.empty()) out += ',';
    for (std::size_t i = 0; i < uuid.size(); ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
      fmt::format_to(std::back_inserter(out), "{:02x}", uuid.at(i));
    }
    for (const auto& [first, last] : intervals) {
      if (first == last) {
        fmt::format_to(std::back_inserter(out), ":{}", first);
      } else {
        fmt::format_to(std::back_inserter(out), ":{}-{}", first, last);
      }
    }
  }
  for (const auto& [domain, last] : domains_) {
    if (!out.empty()) out += ',';
    fmt::format_to(std::back_inserter(out), "{}{}-{}-{}", last.ahead ? "+" : "", domain,
                   last.server_id, last.number);
  }
  return out;
}

std::string GtidHistory::connect_state() const {
  std::string out;
  for (const auto& [domain, last] : domains_) {
    out += fmt::format("{}{}-{}-{}", out.empty() ? "" : ",", domain, last.server_id, last.number);
  }
  return out;
}

bool GtidHistory::holds(const wire::mysql::MysqlGtid& gtid) const {
  if (gtid.anonymous) return false;
  const auto server = servers_.find(gtid.server_uuid);
  if (server == servers_.end()) return false;
  const auto after = server->second.upper_bound(gtid.number);
  return after != server->second.begin() && std::prev(after)->second >= gtid.number;
}

bool GtidHistory::holds(const wire::mysql::MariadbGtid& gtid, std::uint32_t server_id) const {
  const auto domain = domains_.find(gtid.domain);
  if (domain == domains_.end() || !domain->second.ahead) return false;
  const Last& last = domain->second;
  const bool is_last = last.server_id == server_id && last.number == gtid.number;
  if (gtid.number >= last.number && !is_last) {
    throw base::Error(
        base::ErrorKind::data_mismatch, "source.diverged",
        fmt::format("the source's log goes on with {}-{}-{} where {}-{}-{} was applied",
                    gtid.domain, server_id, gtid.number, gtid.domain, last.server_id, last.number));
  }
  return true;
}

void GtidHistory::add(const wire::mysql::MysqlGtid& gtid) {
  if (!gtid.anonymous) insert(servers_[gtid.server_uuid], gtid.number, gtid.number);
}

void GtidHistory::add(const wire::mysql::MariadbGtid& gtid, std::uint32_t server_id) {
  Last& last = domains_[gtid.domain];
  if (last.ahead && (last.server_id != server_id || last.number != gtid.number)) return;
  last = {server_id, gtid.number, false};
}

GtidHistory GtidHistory::without(const GtidHistory& other) const {
  GtidHistory out;
  for (const auto& [uuid, intervals] : servers_) {
    const auto there = other.servers_.find(uuid);
    for (const auto& [begin, last] : intervals) {
      std::uint64_t first = begin;
      if (there != other.servers_.end()) {
        for (const auto& [from, to] : there->second) {
          if (to < first || from > last) continue;
          if (from > first) insert(out.servers_[uuid], first, from - 1);
          first = to + 1;
          if (first > last) break;
        }
      }
      if (first <= last) insert(out.servers_[uuid], first, last);
    }
  }
  return out;
}

std::string GtidHistory::encoded() const {
  std::string out;
  put_u64(out, servers_.size());
  for (const auto& [uuid, intervals] : servers_) {
    out.append(uuid.begin(), uuid.end());
    put_u64(out, intervals.size());
    for (const auto& [first, last] : intervals) {
      put_u64(out, first);
      put_u64(out, last + 1);
    }
  }
  return out;
}

void GtidHistory::look_ahead_of(const GtidHistory& there) {
  for (auto& [domain, last] : domains_) {
    const auto found = there.domains_.find(domain);
    last.ahead = found == there.domains_.end() || found->second.server_id != last.server_id ||
                 found->second.number != last.number;
  }
}

GtidHistory GtidHistory::missing_in_state(std::string_view binlog_state) const {
  GtidHistory missing = *this;
  while (!binlog_state.empty()) {
    std::string_view item = next_part(binlog_state, ',');
    while (item.starts_with(' ') || item.starts_with('\n')) item.remove_prefix(1);
    const auto there = read_triple(item);
    if (!there) continue;
    const auto mine = missing.domains_.find(there->domain);
    if (mine != missing.domains_.end() && mine->second.server_id == there->server_id &&
        mine->second.number <= there->number) {
      missing.domains_.erase(mine);
    }
  }
  return missing;
}

}  // namespace wherry::stores::mysql
