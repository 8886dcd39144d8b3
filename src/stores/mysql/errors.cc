#include "stores/mysql/errors.h"

#include <string>

#include <fmt/format.h>

#include "base/text.h"

namespace wherry::stores::mysql {

namespace {

using base::ErrorKind;

struct Meaning {
  ErrorKind kind;
  std::string_view code;
  std::string_view advice;
};

Meaning meaning_of(unsigned number) {
  switch (number) {
    case 1205:  // lock wait timeout
    case 1206:  // lock table full
    case 1213:  // deadlock
    case 1613:  // XA rolled back: timeout
    case 1614:  // XA rolled back: deadlock
    case 1637:  // too many active transactions
    case 3058:  // user lock deadlock
    case 3101:  // rolled back during commit
    case 3572:  // NOWAIT
      return {ErrorKind::transient, "mysql.lock", ""};
    case 1040:  // too many connections
    case 1203:  // max_user_connections
    case 1226:  // a resource limit of the account
    case 1041:  // out of memory
    case 1135:  // cannot create a thread
      return {ErrorKind::transient, "mysql.busy", ""};
    case 1317:  // query interrupted (KILL QUERY)
    case 1969:  // max_statement_time
    case 3024:  // max_execution_time
      return {ErrorKind::transient, "mysql.interrupted", ""};
    case 1020:  // record has changed since last read
    case 1412:  // table definition has changed since the view was opened
      return {ErrorKind::transient, "mysql.view_too_old", ""};
    case 1047:  // a Galera node that is not ready
      return {ErrorKind::transient, "mysql.not_ready", ""};

    case 1053:  // server shutdown in progress
    case 1077:
    case 1079:
    case 1152:  // aborted connection
    case 1158:  // network packet errors and timeouts, as the server saw them
    case 1159:
    case 1160:
    case 1161:
    case 1184:
    case 1927:  // connection was killed (MariaDB)
    case 3169:  // session was killed (MySQL)
    case 4031:  // disconnected for inactivity
    case 2000:  // an answer that ends where the library knows no reason for it
    case 2006:
    case 2013:
    case 2055:
    case 2027:  // malformed packet
    case 5013:
    case 5014:
      return {ErrorKind::connection_lost, "mysql.connection_lost", ""};
    case 2001:
    case 2002:
    case 2003:
    case 2004:
    case 2005:
      return {ErrorKind::connection_lost, "mysql.unreachable",
              "check host, port or socket, and that the server runs"};

    case 1045:  // access denied
    case 1698:
    case 1862:  // password expired
    case 1820:
    case 3118:  // account locked
    case 4151:
      return {ErrorKind::rejected, "mysql.auth", "check user and password of this side"};
    case 1129:  // host blocked
    case 1130:  // host not allowed
      return {ErrorKind::rejected, "mysql.host_refused",
              "the account must be allowed from this machine's address"};
    case 1251:
    case 1524:
    case 2049:
    case 2058:
    case 2059:
    case 2061:
    case 5010:
    case 5012:
      return {ErrorKind::rejected, "mysql.auth_plugin",
              "give the account an authentication plugin that the client library knows"};
    case 2026:
      return {ErrorKind::rejected, "mysql.tls", "check the TLS settings of this side"};
    case 1044:
    case 1142:
    case 1143:
    case 1227:
    case 1370:
    case 1419:
      return {ErrorKind::rejected, "mysql.privilege", "grant what is missing to the account"};
    // A session keeps what its account was allowed when it was let in: another one may write.
    case 1290:  // --read-only, --super-read-only and others
    case 1836:
      return {ErrorKind::transient, "mysql.read_only", "make the server writable"};
    case 1792:  // read-only transaction
      return {ErrorKind::rejected, "mysql.read_only", "make the server writable"};
    case 1021:
    case 1114:
    case 3:
    case 28:
      return {ErrorKind::rejected, "mysql.no_space", "make room on the server's disk"};
    case 1153:
    case 2020:
    case 1301:
      return {ErrorKind::rejected, "mysql.packet_too_large",
              "raise max_allowed_packet on the server"};
    case 1010:  // a schema's directory is not empty
    case 1813:  // a table's file is there already
      return {ErrorKind::rejected, "mysql.files_left",
              "a crash left files there that the server does not know; remove them from its data "
              "directory"};
    case 1033:  // its definition cannot be read
    case 1034:  // its index file is wrong
    case 1177:  // cannot be opened
    case 1712:  // an index is corrupted
    case 1932:  // is not in the engine
      return {ErrorKind::rejected, "mysql.table_damaged",
              "repair or restore the table on its server (MySQL before 8.0 can damage a "
              "partitioned table when it crashes while the table is changed)"};
    case 1356:
      return {ErrorKind::rejected, "mysql.view_invalid",
              "make what the view refers to, or drop it"};
    case 1236:
      return {ErrorKind::rejected, "mysql.log_refused", ""};
    case 1049:
    case 1054:
    case 1051:
    case 1146:
    case 1176:  // no such index
    case 1360:  // no such trigger
    case 1539:  // no such event
      return {ErrorKind::rejected, "mysql.no_such_object", ""};

    case 1022:
    case 1062:
    case 1586:
      return {ErrorKind::data_mismatch, "mysql.duplicate_key", ""};
    case 1048:
    case 1216:
    case 1217:
    case 1264:
    case 1265:
    case 1292:
    case 1364:
    case 1366:
    case 1367:
    case 1406:
    case 1411:
    case 1416:  // no geometry
    case 1451:
    case 1452:
    case 3819:
    case 4025:
      return {ErrorKind::data_mismatch, "mysql.value_refused", ""};

    case 1064:
    case 2014:
      return {ErrorKind::internal, "mysql.statement", ""};
    default:
      return {ErrorKind::rejected, "mysql.error", ""};
  }
}

}  // namespace

base::Error to_error(unsigned number, std::string_view text, std::string_view context) {
  const Meaning m = meaning_of(number);
  std::string message = fmt::format("{} (error {})", base::printable(text), number);
  if (!m.advice.empty()) message += fmt::format("; {}", m.advice);
  return base::Error(m.kind, std::string(m.code), std::move(message), std::string(context));
}

}  // namespace wherry::stores::mysql
