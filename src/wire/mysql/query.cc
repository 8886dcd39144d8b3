#include "wire/mysql/query.h"

#include "wire/mysql/compression.h"

namespace wherry::wire::mysql {

namespace {

constexpr unsigned updated_schemas_unknown = 254;

std::string_view short_text(Cursor& in) {
  const std::uint8_t length = in.u8();
  return in.take(length);
}

// The length of an unknown code is not known either: what follows it is given up, as servers do.
// Codes grow (but for MariaDB 11's 131, written first), so that all that is used here comes before
// any code younger than this reader.
void read_session(Cursor in, Query& q) {
  while (!in.at_end()) {
    switch (in.u8()) {
      case 0:
        q.option_flags = in.u32();
        break;
      case 1:
        q.sql_mode = in.u64();
        break;
      case 2:
        short_text(in);
        in.skip(1);
        break;  // catalog and its 0x00
      case 3:
        in.skip(4);
        break;  // auto_increment_increment and _offset
      case 4: {
        Query::Charset c;
        c.client = in.u16();
        c.connection = in.u16();
        c.server = in.u16();
        q.charset = c;
        break;
      }
      case 5:
        q.time_zone = short_text(in);
        break;
      case 6:
        short_text(in);
        break;  // catalog
      case 7:   // lc_time_names
      case 8:   // the default schema's collation
        in.skip(2);
        break;
      case 9:
        in.skip(8);
        break;  // tables of a multi-table update
      case 10:
        in.skip(4);
        break;  // written length, of relay logs
      case 11:
        short_text(in);
        short_text(in);
        break;  // invoker
      case 12: {
        const unsigned count = in.u8();
        if (count == updated_schemas_unknown) break;
        q.updated_schemas.emplace();
        for (unsigned i = 0; i < count; ++i) q.updated_schemas->push_back(in.take_to_zero());
        break;
      }
      case 13:
        q.microseconds = static_cast<std::uint32_t>(in.little(3));
        break;
      case 16:
        q.explicit_timestamps = in.u8() != 0;
        break;
      case 17:
        in.skip(8);
        break;  // xid of an atomic DDL
      case 18:
        q.utf8mb4_collation = in.u16();
        break;
      case 19:  // sql_require_primary_key
      case 20:  // default_table_encryption
        in.skip(1);
        break;
      case 128:
        q.microseconds = static_cast<std::uint32_t>(in.little(3));
        break;  // MariaDB's
      case 129:
        in.skip(8);
        break;  // MariaDB: xid of a DDL
      case 131:
        in.skip(std::size_t{4} * in.u8());
        break;  // MariaDB: character_set_collations
      default:
        return;
    }
  }
}

}  // namespace

Query read_query(Cursor in, unsigned post_header, bool compressed, std::string& buffer) {
  constexpr unsigned known_post_header = 13;
  if (post_header < known_post_header) throw_malformed("the fixed part of a QUERY is too short");
  Query q;
  q.thread_id = in.u32();
  q.seconds = in.u32();
  const std::uint8_t schema_length = in.u8();
  q.error_code = in.u16();
  const std::uint16_t session_length = in.u16();
  in.skip(post_header - known_post_header);
  read_session(Cursor(in.take(session_length)), q);
  q.schema = in.take(schema_length);
  if (in.u8() != 0) throw_malformed("the schema's name in a QUERY has no end");
  q.statement = in.take_all();
  if (compressed) {
    buffer = uncompress(q.statement);
    q.statement = buffer;
  }
  return q;
}

}  // namespace wherry::wire::mysql
