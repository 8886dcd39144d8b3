#pragma once
// Changes of definition carried to a server in memory. As contract/row_store.h says. A statement is
// the JSON text that its log holds:
// {"before": name, "after": definition}, either of them missing when a table is created or dropped;
// "computed": true says that the source's rows got values that are not in it.

#include <memory>
#include <utility>

#include "contract/row_store.h"
#include "stores/memory/server.h"

namespace wherry::stores::memory {

class DdlTarget final : public contract::DdlTarget {
 public:
  explicit DdlTarget(std::shared_ptr<Server> server) : server_(std::move(server)) {}

  contract::DdlPlan plan(const model::DdlEvent& event, const contract::TableFilter& filter,
                         const contract::TableRoute& route) override;
  void make_schemas(const contract::Fence& /*fence*/, contract::RowSource& /*source*/,
                    const contract::TableFilter& /*filter*/,
                    const contract::TableRoute& /*route*/) override {}  // it has none
  std::optional<std::string> learn(const contract::Fence& fence, contract::RowSource& source,
                                   const contract::DdlPlan& plan, const model::DdlEvent& event,
                                   const contract::TableRoute& route,
                                   const contract::WindowMark& mark,
                                   const std::stop_token& stop) override;
  void apply(const contract::Fence& fence, const contract::DdlPlan& plan,
             const model::DdlEvent& event, const contract::TableRoute& route,
             const contract::WindowMark& mark, const std::vector<contract::TablePair>& again,
             const std::stop_token& stop) override;

 private:
  std::shared_ptr<Server> server_;
};

}  // namespace wherry::stores::memory
