#include <algorithm>

#include "tests/support/load/writes.h"

namespace wherry::tests {

namespace {

using Sql = std::string;

std::string negative(const Draw& draw) { return "-" + std::to_string(draw.thread() + 1); }

Sql id_is(const Sql& id) { return "id=" + id; }

// ---- customers, orders and what hangs on them

void insert_customer(Sql& sql, Draw& d) {
  const Sql id = d.new_key("customers");
  sql += "INSERT INTO shop.customers (id,email,name,loyalty_number,credit,born) VALUES (" + id +
         ",'load" + id + "@example.org'," + d.text(3) + "," + d.or_null(d.number(3'000'000'000)) +
         "," + d.number(9999) + ".50,'19" + std::to_string(50 + d.below(50)) + "-02-03');";
}

void update_customers(Sql& sql, Draw& d) {
  const Sql from = d.key("customers");
  sql += "UPDATE shop.customers SET credit=credit+0.01,vip=1-vip,name=" + d.text(3) +
         " WHERE id BETWEEN " + from + " AND " + from + "+4;";
}

void swap_loyalty(Sql& sql, Draw& d) {
  const Sql a = d.key("customers"), b = d.key("customers");
  if (a == b) return;
  sql += swap_values("shop.customers", "loyalty_number", id_is(a), id_is(b),
                     std::to_string(4'000'000'000U + d.thread()));
}

void delete_customer(Sql& sql, Draw& d) {  // refused while something refers to it
  sql += "DELETE FROM shop.customers WHERE id=" + d.key("customers") + ";";
}

void place_order(Sql& sql, Draw& d) {
  const Sql id = d.new_key("orders");
  sql += "INSERT INTO shop.orders (id,customer_id,note,ordered_at,sent_after) VALUES (" + id + "," +
         d.key("customers") + "," + d.or_null(d.text(10)) + ",NOW(3),'-" + d.number(800) +
         ":01:02.03');INSERT INTO shop.order_items VALUES ";
  const std::uint64_t lines = 1 + d.below(5);
  for (std::uint64_t line = 1; line <= lines; ++line) {
    sql += (line > 1 ? ",(" : "(") + id + "," + std::to_string(line) + "," + d.key("products") +
           "," + d.number(5) + "," + d.number(500) + ".25)";
  }
  sql += ";UPDATE shop.orders SET total=" + d.number(5000) + " WHERE id=" + id + ";";
}

void change_status(Sql& sql, Draw& d) {  // its trigger writes to audit_log
  sql += "UPDATE shop.orders SET status=1+" + d.number(5) + " WHERE id=" + d.key("orders") + ";";
}

void delete_order(Sql& sql, Draw& d) {
  const Sql id = d.key("orders");
  sql += "DELETE FROM shop.payments WHERE order_id=" + id +
         ";DELETE FROM shop.order_items WHERE order_id=" + id +
         ";DELETE FROM shop.orders WHERE id=" + id + ";";
}

void change_items(Sql& sql, Draw& d) {
  sql += "UPDATE shop.order_items SET quantity=quantity+1,price=price*1.01 WHERE order_id=" +
         d.key("orders") + ";";
}

// ---- payments: keys of bytes that may end in zeros, and slots that are exchanged

Sql some_payment(Draw& d) {
  return "id=(SELECT id FROM (SELECT id FROM shop.payments WHERE id>=" + d.bytes(8) +
         " ORDER BY id LIMIT 1) x)";
}

Sql payment_id(Draw& d) {
  Sql id = d.bytes(16);
  if (d.one_in(3)) std::fill(id.end() - 6, id.end(), '0');
  return id;
}

void insert_payment(Sql& sql, Draw& d) {
  sql += "INSERT INTO shop.payments VALUES (" + payment_id(d) + "," + d.key("orders") + "," +
         d.or_null(d.number(2'000'000'000)) + "," + d.number(1'000'000) +
         ".000000000000000000000000000001," + std::to_string(1 + d.below(3)) + ",NOW(3));";
}

void change_payment(Sql& sql, Draw& d) {
  sql += d.one_in(3) ? "UPDATE shop.payments SET id=" + payment_id(d)
                     : "UPDATE shop.payments SET amount=-amount,paid_at=NULL";
  sql += " WHERE " + some_payment(d) + ";";
}

void delete_payment(Sql& sql, Draw& d) {
  sql += "DELETE FROM shop.payments WHERE " + some_payment(d) + ";";
}

void swap_slots(Sql& sql, Draw& d) {
  sql += "SET @p=NULL,@q=NULL;SELECT id INTO @p FROM shop.payments WHERE id>=" + d.bytes(8) +
         " ORDER BY id LIMIT 1;SELECT id INTO @q FROM shop.payments WHERE id>@p ORDER BY id LIMIT "
         "1;" +
         swap_values("shop.payments", "slot", "id=@p", "id=@q", negative(d));
}

// ---- keys of text, of several columns, and tables without a primary key

Sql token(Draw& d) {
  static const char* const starts[] = {"load-é", "LOAD-", "漢-", "😀"};
  return Sql("'") + starts[d.below(4)] + d.number(3000) + "'";
}

void touch_session(Sql& sql, Draw& d) {
  sql += "INSERT INTO shop.sessions VALUES (" + token(d) + "," + d.or_null(d.number(1000)) + "," +
         d.bytes(d.below(200)) + ",NOW(6),1) ON DUPLICATE KEY UPDATE hits=hits+1,seen_at=NOW(6);";
}

void replace_session(Sql& sql, Draw& d) {
  sql += "REPLACE INTO shop.sessions VALUES (" + token(d) + ",NULL," +
         d.or_null(d.bytes(d.one_in(20) ? 60000 : 9)) + ",NULL,18446744073709551615);";
}

void rename_session(Sql& sql, Draw& d) {
  const Sql from = token(d);
  sql += "UPDATE shop.sessions SET token=" + (d.one_in(2) ? "UPPER(token)" : token(d)) +
         " WHERE token=" + from + ";";
}

void delete_session(Sql& sql, Draw& d) {
  sql += "DELETE FROM shop.sessions WHERE token=" + token(d) + ";";
}

Sql warehouse(Draw& d) {
  static const char* const names[] = {"'B1'", "'a1'", "'Köln'"};
  return names[d.below(3)];
}

void count_inventory(Sql& sql, Draw& d) {
  const Sql from = d.key("products");
  sql += "UPDATE shop.inventory SET amount=-amount,counted_on=CURRENT_DATE WHERE warehouse=" +
         warehouse(d) + " AND product_id BETWEEN " + from + " AND " + from + "+3;";
}

void replace_inventory(Sql& sql, Draw& d) {
  sql += "REPLACE INTO shop.inventory VALUES (" + warehouse(d) + "," +
         std::to_string(1 + d.below(3)) + "," + d.key("products") + "," + d.number(8'000'000) +
         ",NULL);";
}

void regrade_inventory(Sql& sql, Draw& d) {
  sql += "UPDATE IGNORE shop.inventory SET grade=1+" + d.number(3) +
         " WHERE warehouse=" + warehouse(d) + " AND product_id=" + d.key("products") + ";";
}

void delete_inventory(Sql& sql, Draw& d) {
  sql += "DELETE FROM shop.inventory WHERE warehouse=" + warehouse(d) +
         " AND grade='A' AND product_id=" + d.key("products") + ";";
}

void write_review(Sql& sql, Draw& d) {
  const Sql key = d.key("products") + "," + d.key("customers");
  sql += "INSERT INTO shop.reviews VALUES (" + key + "," + d.number(6) + "," +
         d.or_null(d.text(20)) + ",_gbk 0x815C955C,NOW()) ON DUPLICATE KEY UPDATE stars=stars+1;";
}

void change_reviews(Sql& sql, Draw& d) {
  sql += d.one_in(3) ? "DELETE FROM shop.reviews" : "UPDATE shop.reviews SET words=" + d.text(9);
  sql += " WHERE product_id=" + d.key("products") + ";";
}

void move_review(Sql& sql, Draw& d) {
  sql += "UPDATE shop.reviews SET customer_id=" + d.key("customers") +
         " WHERE product_id=" + d.key("products") + " LIMIT 1;";
}

// ---- large values

void change_product(Sql& sql, Draw& d) {
  sql += "UPDATE shop.products SET price=price+0.01,flags=" + d.number(16) +
         ",features=" + d.number(4096) + ",weight=" + d.number(99999) +
         "/7,description=" + d.text(60) +
         (d.one_in(20) ? ",picture=" + d.bytes(d.below(200'000)) : Sql()) +
         " WHERE id=" + d.key("products") + ";";
}

void insert_audit(Sql& sql, Draw& d) {
  sql += "INSERT INTO shop.audit_log (what,payload,details) VALUES (" + d.bytes(d.below(64)) + "," +
         d.or_null(d.bytes(d.one_in(50) ? d.below(100'000) : d.below(300))) +
         ",'{\"n\": " + d.number(1000) + ", \"x\": 1.0}');";
}

void delete_audit(Sql& sql, Draw& d) {
  const Sql from = d.key("audit_log");
  sql += "DELETE FROM shop.audit_log WHERE id BETWEEN " + from + " AND " + from + "+19;";
}

// ---- all_types: values move between rows, so that every edge value travels often

Sql known_id(Draw& d) { return d.ids.empty() ? "1" : d.ids[d.below(d.ids.size())]; }

void copy_row(Sql& sql, Draw& d) {
  Sql columns;
  for (const Sql& column : d.columns) columns += "," + column;
  sql += "INSERT INTO shop.all_types (id,u" + columns + ") SELECT " + d.new_key("all_types") + "," +
         d.or_null(d.number(2'000'000'000)) + columns +
         " FROM shop.all_types WHERE id=" + known_id(d) + ";";
}

void copy_values(Sql& sql, Draw& d) {
  if (d.columns.empty()) return;
  const std::size_t first = d.below(d.columns.size());
  const std::size_t last = std::min(d.columns.size(), first + 1 + d.below(12));
  Sql set;
  for (std::size_t i = first; i < last; ++i) {
    set += (set.empty() ? "t." : ",t.") + d.columns[i] + "=s." + d.columns[i];
  }
  sql += "UPDATE shop.all_types t JOIN shop.all_types s ON s.id=" + known_id(d) + " SET " + set +
         " WHERE t.id=" + known_id(d) + ";";
}

void move_types_row(Sql& sql, Draw& d) {
  sql += "UPDATE shop.all_types SET id=" + d.new_key("all_types") +
         " WHERE id>1000 AND id=" + known_id(d) + ";";
}

void delete_types_row(Sql& sql, Draw&) {  // the seeded edge rows stay
  sql += "DELETE FROM shop.all_types WHERE id>1000 ORDER BY id LIMIT 1;";
}

void swap_u(Sql& sql, Draw& d) {
  const Sql a = known_id(d), b = known_id(d);
  if (a != b) sql += swap_values("shop.all_types", "u", id_is(a), id_is(b), negative(d));
}

const std::vector<Write>& all_writes() {
  static const std::vector<Write> all_writes{{"customers", 6, insert_customer},
                                             {"customers", 8, update_customers},
                                             {"customers", 4, swap_loyalty},
                                             {"customers", 3, delete_customer},
                                             {"orders", 10, place_order},
                                             {"orders", 8, change_status},
                                             {"orders", 6, delete_order},
                                             {"order_items", 4, change_items},
                                             {"payments", 6, insert_payment},
                                             {"payments", 4, change_payment},
                                             {"payments", 3, delete_payment},
                                             {"payments", 3, swap_slots},
                                             {"sessions", 10, touch_session},
                                             {"sessions", 4, replace_session},
                                             {"sessions", 4, rename_session},
                                             {"sessions", 4, delete_session},
                                             {"inventory", 6, count_inventory},
                                             {"inventory", 4, replace_inventory},
                                             {"inventory", 3, regrade_inventory},
                                             {"inventory", 3, delete_inventory},
                                             {"reviews", 5, write_review},
                                             {"reviews", 3, change_reviews},
                                             {"reviews", 3, move_review},
                                             {"products", 6, change_product},
                                             {"audit_log", 5, insert_audit},
                                             {"audit_log", 2, delete_audit},
                                             {"all_types", 5, copy_row},
                                             {"all_types", 8, copy_values},
                                             {"all_types", 3, move_types_row},
                                             {"all_types", 5, delete_types_row},
                                             {"all_types", 3, swap_u}};
  return all_writes;
}

void refresh_shop(Connection& connection, Draw& draw) {
  for (const char* table : {"customers", "orders", "products", "audit_log", "all_types"}) {
    // all_types has a row at the very end of its key's range.
    const Cell last =
        connection.value(Sql("SELECT MAX(id) FROM shop.") + table + " WHERE id<1000000000000");
    const std::int64_t key = last ? std::stoll(*last) : 0;
    // Up to 1000 are the seeded rows of all_types, which no write removes.
    draw.set_last_key(table, table == Sql("all_types") ? std::max<std::int64_t>(key, 1000) : key);
  }
  draw.columns.clear();
  for (const Row& row : connection.query("SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE "
                                         "TABLE_SCHEMA='shop' AND TABLE_NAME='all_types' AND "
                                         "COLUMN_NAME NOT IN ('id','u')")) {
    draw.columns.push_back("`" + *row[0] + "`");
  }
  draw.ids.clear();
  for (const Row& row : connection.query("SELECT id FROM shop.all_types LIMIT 2000")) {
    draw.ids.push_back(*row[0]);
  }
}

}  // namespace

Writes shop_writes(const std::vector<std::string>& tables) {
  Writes writes;
  for (const Write& write : all_writes()) {
    if (tables.empty() || std::find(tables.begin(), tables.end(), write.table) != tables.end()) {
      writes.kinds.push_back(write);
    }
  }
  writes.refresh = refresh_shop;
  return writes;
}

}  // namespace wherry::tests
