#pragma once
// The GTID events of MariaDB and MySQL. `in` is an event's body. Malformed bytes:
// Error(data_mismatch, "binlog.malformed").

#include "wire/mysql/cursor.h"
#include "wire/mysql/events.h"

namespace wherry::wire::mysql {

MariadbGtid read_mariadb_gtid(Cursor in);
GtidList read_gtid_list(Cursor in);
MysqlGtid read_mysql_gtid(Cursor in, bool anonymous);
// Throws Error(not_supported, "binlog.tagged_gtid") for a set with tags.
PreviousGtids read_previous_gtids(Cursor in);

}  // namespace wherry::wire::mysql
