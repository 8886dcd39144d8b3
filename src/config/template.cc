#include "config/template.h"

#include <fmt/format.h>

namespace wherry::config {

namespace {

constexpr std::string_view head =
    R"(# A migration of Wherry: what moves, from where to where, and how fast.
# Try it with:  wherry assess        Start it with:  wherry run
# Lines with '#' right before a key show settings with their defaults or an example.
# Relative paths are relative to the folder of this file.

# A word for this migration. It names the journal's folder.
name: {name}
)";

constexpr std::string_view mysql_body = R"(
# From where. The account needs SELECT, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT; `wherry assess` tells.
source:
  type: mysql
  host: old.example.com
  port: 3306
  user: wherry
  # A password never stands in this file. It is read anew on each connect.
  password_env: WHERRY_SOURCE_PASSWORD
  #password_file: /etc/wherry/source.password
  # In place of host and port:
  #socket: /run/mysqld/mysqld.sock
  # Or all in one line, in place of type, host, port and user:
  #dsn: mysql://wherry@old.example.com:3306/?tls_ca=/etc/wherry/ca.pem
  # TLS. With a ca the server's certificate and name are verified.
  #tls:
    #ca: /etc/wherry/ca.pem
    #cert: /etc/wherry/client.pem
    #key: /etc/wherry/client.key
    #verify: true
    #required: true
  # Far away: what goes over the wire is compressed, which costs both ends processor time.
  #compress: true
  # Of a MySQL without GTIDs: how often it is told to begin a new log file, at most.
  #new_log_every: 10 s
  # A replica of it: what is copied is read there. User, password and tls are those above, if it has none of its own.
  #read_from:
    #host: replica.example.com
    #port: 3306

# To where. The account needs to create and write the tables, and the schema _wherry.
target:
  type: mysql
  host: new.example.com
  port: 3306
  user: wherry
  password_env: WHERRY_TARGET_PASSWORD

# Which tables: schema.table with *, ?, [abc]. Left out: all but the server's own schemas.
tables:
  include: ["shop.*"]
  #exclude: ["shop.tmp_*", "*.cache"]

# Renames on the way, of schemas or of tables.
#routes:
  #- {from: shop, to: shop2}
  #- {from: shop.orders, to: shop2.orders_v2}

# What to do with DDL met while following: apply, stop (and tell), ignore. `default` is for every kind not named.
#ddl:
  #default: stop
  #create_table: apply
  #alter_table: apply
  #drop_table: apply
  #rename_table: apply
  #truncate_table: apply
  #create_database: stop
  #alter_database: stop
  #drop_database: stop
  #view: apply
  #routine: apply
  #sequence: apply

# Whose views and routines they are on the target: the source's accounts, or others in their place.
#definers:
  #map: {"app@%": "app2@%"}
)";

constexpr std::string_view file_body = R"(
# From where: a folder with all that is in it.
source:
  type: file
  path: /srv/old

# To where.
target:
  type: file
  path: /srv/new
  # Files that are not at the source: keep them, or propagate deletes, up to a number a run.
  #deletes: propagate
  #max_deletes: 1000
)";

constexpr std::string_view common_limits = R"(
# How much to take.
limits:
  threads: 4
  #rows_per_second: unlimited
  #bytes_per_second: 50 MB/s
  #memory: 512 MiB
)";

constexpr std::string_view mysql_limits =
    R"(  # While clients run statements on the source it is read in small pieces with pauses between. False: at full speed all the time.
  #yield: true
  # Slow down while the source is above one of these.
  #back_off:
    #threads_running: 50
    #replica_lag: 10 s
)";

constexpr std::string_view tail = R"(
# How equality is proved.
#verify:
  # Rows are streamed and digested here, or digested by the servers themselves (way: server): for a link that is slow.
  #way: stream
  #digest: xxh3
  # Prove again what was proved longer ago than this. Left out: a proof holds as long as the change log vouches for it.
  #max_proof_age: 24 h
  # A difference is read again this often before it counts.
  #recheck:
    #times: 2
    #wait: 500 ms

# Where progress is kept. Default: $WHERRY_STATE_DIR/NAME, /var/lib/wherry/NAME for root, else ~/.local/state/wherry/NAME
#journal: /var/lib/wherry/{name}
)";

constexpr std::string_view mysql_tail = R"(
# The switch. Guards keep applications from writing to a side that is sealed; the same on both sides. Without any, `wherry cutover` refuses.
#cutover:
  #guards:
    # Commands of your own that stop and start the applications; WHERRY_SIDE says for which side.
    #command: {raise: /etc/wherry/stop-app, lower: /etc/wherry/start-app, check: /etc/wherry/app-is-stopped, timeout: 10 s}
    # Rules of nftables on the servers' machines, reached by ssh or local, let nobody in but these addresses, Wherry's among them.
    #network: {allow: ["10.0.0.5"], source: root@old.example.com, target: root@new.example.com}
    # These lose every privilege to write and get it back, to the byte.
    #accounts: ["app@%", "report@10.0.%"]
    # The server's own read_only. Accounts that may bypass it are told of.
    #read_only: true
    # Scheduled events of these schemas are disabled meanwhile.
    #events: true
  # Run while nobody is let in, before the final position is taken; each ends by itself when it is done.
  #wait_for:
    #- {command: /etc/wherry/queue-is-drained, timeout: 5 s}
  # From the first guard until the other side is open. Beyond it all is undone.
  #max_downtime: 10 s
  # Who is connected may end what he does for so long, then he is disconnected.
  #patience: 1 s
# As which replica Wherry registers at the source; unlike that of every server there. Left out: chosen.
#server_id: 4711
)";

}  // namespace

std::string template_text(std::string_view kind, std::string_view name) {
  const bool rows = kind == "mysql";
  std::string text = fmt::format(head, fmt::arg("name", name));
  text += rows ? mysql_body : file_body;
  text += common_limits;
  if (rows) text += mysql_limits;
  text += fmt::format(tail, fmt::arg("name", name));
  if (rows) text += mysql_tail;
  return text;
}

}  // namespace wherry::config
