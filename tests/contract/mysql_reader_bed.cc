#include "tests/contract/mysql_reader_bed.h"

#include <map>

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using tests::ServerKind;

std::map<ServerKind, tests::Server> servers;

class StopServers : public ::testing::Environment {
 public:
  void TearDown() override { servers.clear(); }
};
const auto* const stop_servers = ::testing::AddGlobalTestEnvironment(new StopServers);

}  // namespace

tests::Server& server_of(ServerKind kind) {
  const auto found = servers.find(kind);
  if (found != servers.end()) return found->second;
  tests::ServerOptions options;
  if (kind == ServerKind::mysql56) {
    // It has no binlog_group_commit_sync_delay; and with 1 it shows nothing of its log before the
    // log is on disk.
    options.preload = WHERRY_SLOW_LOG_SYNC;
    options.extra = {"--sync-binlog=2"};
  }
  return servers.emplace(kind, tests::Server::start(kind, options)).first->second;
}

ErrorKind kind_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::internal;
}

model::RowBatch read_all(contract::RowView& view, const contract::TableRef& ref,
                         const model::Chunk& chunk) {
  model::RowBatch rows(ref.shape->columns.size());
  EXPECT_EQ(view.read(ref, chunk, base::Bytes{1U << 30U}, rows), std::nullopt);
  return rows;
}

}  // namespace wherry::stores::mysql
