// Puts the shop (data/shop.sql, data/make_shop) on a server. The same size and seed give the same
// rows on MariaDB and MySQL 5.7. Errors: std::runtime_error.
#pragma once

#include "tests/support/server.h"

namespace wherry::tests {

struct ShopOptions {
  unsigned size = 200;  // customers; about 20 rows each in all tables together
  unsigned seed = 1;
  bool cascade = false;  // with the tables of data/shop_cascade.sql
};

void load_shop(const Server& server, const ShopOptions& options = {});

}  // namespace wherry::tests
