#include "wire/mysql/gtid.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::wire::mysql {

namespace {

std::string uuid_text(std::string_view bytes) {
  std::string text = base::to_hex(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
  return text;
}

}  // namespace

std::string MariadbGtid::text(std::uint32_t server_id) const {
  return fmt::format("{}-{}-{}", domain, server_id, number);
}

std::string MysqlGtid::text() const {
  if (anonymous) return {};
  std::string bytes(server_uuid.begin(), server_uuid.end());
  return fmt::format("{}:{}", uuid_text(bytes), number);
}

MariadbGtid read_mariadb_gtid(Cursor in) {
  MariadbGtid g;
  g.number = in.u64();
  g.domain = in.u32();
  g.flags = in.u8();
  return g;
}

GtidList read_gtid_list(Cursor in) {
  constexpr std::uint32_t count_bits = 0x0fffffff;
  constexpr std::size_t entry_bytes = 16;
  const std::uint32_t count = in.u32() & count_bits;
  if (count > in.left() / entry_bytes) throw_too_short();
  GtidList list;
  list.entries.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    GtidList::Entry e;
    e.domain = in.u32();
    e.server_id = in.u32();
    e.number = in.u64();
    list.entries.push_back(e);
  }
  return list;
}

MysqlGtid read_mysql_gtid(Cursor in, bool anonymous) {
  MysqlGtid g;
  g.anonymous = anonymous;
  in.skip(1);  // flags
  const std::string_view uuid = in.take(16);
  std::copy(uuid.begin(), uuid.end(), g.server_uuid.begin());
  g.number = in.u64();
  return g;
}

PreviousGtids read_previous_gtids(Cursor in) {
  PreviousGtids all;
  const std::uint64_t servers = in.u64();
  // Since 8.3 a set with tags tells so in the highest byte of its count.
  if (servers >> 56U != 0) {
    throw base::Error(base::ErrorKind::not_supported, "binlog.tagged_gtid",
                      "the source uses tagged GTIDs (MySQL 8.3), which are not carried");
  }
  for (std::uint64_t s = 0; s < servers; ++s) {
    if (s != 0) all.set += ',';
    all.set += uuid_text(in.take(16));
    for (std::uint64_t i = in.u64(); i > 0; --i) {
      const std::uint64_t first = in.u64();
      const std::uint64_t end = in.u64();
      if (first == 0 || end <= first) throw_malformed("a GTID interval is empty");
      all.set +=
          first + 1 == end ? fmt::format(":{}", first) : fmt::format(":{}-{}", first, end - 1);
    }
  }
  return all;
}

}  // namespace wherry::wire::mysql
