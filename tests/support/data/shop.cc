#include "tests/support/data/shop.h"

#include <fstream>
#include <stdexcept>

#include "tests/support/program.h"

namespace wherry::tests {

void load_shop(const Server& server, const ShopOptions& options) {
  const TemporaryDirectory directory("shop");
  const std::filesystem::path file = directory.path() / "shop.sql";
  const RunResult made =
      run({"sh", "-c", "exec \"$0\" --size \"$1\" --seed \"$2\" $3 >\"$4\"",
           std::string(WHERRY_TEST_SUPPORT_DIR) + "/data/make_shop", std::to_string(options.size),
           std::to_string(options.seed), options.cascade ? "--cascade" : "", file.string()});
  if (made.exit_code != 0) throw std::runtime_error("make_shop: " + made.output);
  server.load_file(file);
}

}  // namespace wherry::tests
