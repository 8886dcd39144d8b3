#include "tests/scenario/family_load.h"

#include <chrono>
#include <functional>

namespace wherry::tests {

namespace {

constexpr unsigned ids = 3000;

// Keys that are referred to, changed and taken along; a tree; rows that are equal to others.
constexpr const char* tables =
    "CREATE DATABASE family CHARACTER SET utf8mb4;"
    "USE family;"
    "CREATE TABLE customers (id INT PRIMARY KEY, code VARCHAR(20) NOT NULL, name VARCHAR(40), "
    "UNIQUE (code));"
    "CREATE TABLE orders (id INT PRIMARY KEY, customer INT NOT NULL, note VARCHAR(2000), "
    "FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE ON UPDATE CASCADE);"
    "CREATE TABLE items (order_id INT NOT NULL, line INT NOT NULL, sku VARCHAR(2000), "
    "PRIMARY KEY (order_id, line), "
    "FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE ON UPDATE CASCADE);"
    "CREATE TABLE reviews (id INT PRIMARY KEY AUTO_INCREMENT, by_code VARCHAR(20), of_order INT, "
    "of_line INT, words VARCHAR(2000), "
    "FOREIGN KEY (by_code) REFERENCES customers (code) ON DELETE SET NULL ON UPDATE CASCADE, "
    "FOREIGN KEY (of_order, of_line) REFERENCES items (order_id, line) ON DELETE SET NULL "
    "ON UPDATE CASCADE);"
    "CREATE TABLE tree (id INT PRIMARY KEY, parent INT, name VARCHAR(40), "
    "FOREIGN KEY (parent) REFERENCES tree (id) ON DELETE CASCADE);"
    "CREATE TABLE chiefs (id INT PRIMARY KEY, chief INT, name VARCHAR(40), "
    "FOREIGN KEY (chief) REFERENCES chiefs (id) ON DELETE SET NULL);"
    "CREATE TABLE visits (order_id INT, word VARCHAR(40), n INT, KEY (order_id), "
    "FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE ON UPDATE SET NULL);"
    "CREATE TABLE words (word VARCHAR(40), n INT, f FLOAT, d DOUBLE, b VARBINARY(20), "
    "e ENUM('a','b'), at DATETIME(3), UNIQUE (n, word));";

class Writer {
 public:
  Writer(const Server& server, unsigned seed)
      : connection_(server.connect("family")), random_(seed) {}

  void act() {
    switch (pick(14)) {
      case 0:
        return exec("INSERT INTO customers VALUES (" + id() + ", CONCAT('c', " + id() + "), 'n')");
      case 1:
        return exec("DELETE FROM customers WHERE id=" + id());
      case 2:  // a key that is referred to, and what refers to it
        return exec("UPDATE customers SET id=" + id() + ", code=CONCAT('k', " + id() +
                    ") WHERE id=" + id());
      case 3:
        return exec(
            "UPDATE customers SET code=IF(code=UPPER(code),LOWER(code),UPPER(code)) "
            "WHERE id=" +
            id());
      case 4:
        return exec("INSERT INTO orders VALUES (" + id() + "," + id() + ",'note " + id() + "'); " +
                    "INSERT INTO items SELECT id, 1, note FROM orders WHERE id=" + id());
      case 5:
        return exec("UPDATE orders SET id=" + id() + " WHERE id=" + id());
      case 6:
        return exec("BEGIN; UPDATE orders SET note='x' WHERE id=" + id() +
                    "; DELETE FROM orders WHERE id=" + id() + "; INSERT INTO items VALUES (" +
                    id() + ",2,'s'),(" + id() + ",3,NULL); COMMIT");
      case 7:
        return exec(
            "INSERT INTO reviews (by_code, of_order, of_line, words) "
            "SELECT c.code, i.order_id, i.line, 'w' FROM customers c, items i "
            "WHERE c.id=" +
            id() + " AND i.order_id=" + id());
      case 8:
        return exec("INSERT INTO tree VALUES (" + id() + ",IF(" + id() + "<20,NULL," + id() +
                    "),'t')");
      case 9:
        return exec("DELETE FROM tree WHERE id=" + id());
      case 10:
        return exec("REPLACE INTO chiefs VALUES (" + id() +
                    ",NULL,'c'); "
                    "UPDATE chiefs SET chief=" +
                    id() + " WHERE id=" + id());
      case 11:
        return exec("SET foreign_key_checks=0; DELETE FROM orders WHERE id=" + id() +
                    "; DELETE FROM items WHERE order_id NOT IN (SELECT id FROM orders); "
                    "DELETE FROM visits WHERE order_id NOT IN (SELECT id FROM orders); "
                    "UPDATE reviews LEFT JOIN items ON of_order=order_id AND of_line=line "
                    "SET of_order=NULL, of_line=NULL WHERE order_id IS NULL; "
                    "SET foreign_key_checks=1");
      case 12:
        return exec("INSERT INTO visits SELECT id, 'v', NULL FROM orders WHERE id=" + id() +
                    "; INSERT INTO visits VALUES (NULL,'v',NULL); "
                    "UPDATE visits SET n=" +
                    id() + " WHERE order_id=" + id() +
                    "; DELETE FROM visits WHERE order_id IS NULL LIMIT 2");
      default:
        return lines();
    }
  }

 private:
  void lines() {
    switch (pick(6)) {
      case 0:
      case 1:
        return exec(
            "INSERT INTO words VALUES ('same',NULL,1.1,7e-5,x'00',1,NULL),"
            "('same',NULL,1.1,0e0,x'0000','b','2020-02-02 02:02:02.020'),"
            "('Same ',NULL,16777216,1e300,NULL,'a',NULL)");
      case 2:
        return exec("INSERT INTO words (word, n) VALUES ('u'," + id() + ")");
      case 3:
        return exec(
            "UPDATE words SET word=IF(word='SAME','sAme','same'), f=f+0.1 "
            "ORDER BY d LIMIT 3");
      case 4:
        return exec("UPDATE words SET n=NULL WHERE n=" + id());
      default:
        return exec("DELETE FROM words ORDER BY n LIMIT " + std::to_string(1 + pick(3)));
    }
  }

  unsigned pick(unsigned most) { return static_cast<unsigned>(random_() % most); }
  std::string id() { return std::to_string(1 + pick(ids)); }

  void exec(const std::string& sql) {
    try {
      connection_.exec(sql);
    } catch (const SqlError& error) {
      // A duplicate, a parent that is missing, one that is still needed, a deadlock, a lock that is
      // not given, a tree too deep for the server.
      const unsigned n = error.number();
      if (n != 1062 && n != 1452 && n != 1451 && n != 1213 && n != 1205 && n != 1761 && n != 1296)
        throw;
      connection_.exec("ROLLBACK; SET foreign_key_checks=1");
    }
  }

  Connection connection_;
  std::mt19937 random_;
};

}  // namespace

void load_family(const Server& server, int customers) {
  server.exec_sql(tables);
  std::string rows = "USE family; BEGIN;";
  for (int i = 1; i <= customers; ++i) {
    const std::string n = std::to_string(i);
    rows += "INSERT INTO customers VALUES (" + n + ",'c" + n + "','name');";
    rows += "INSERT INTO orders VALUES (" + n + "," + n + ",REPEAT('first',300));";
    rows += "INSERT INTO items VALUES (" + n + ",1,REPEAT('a',900)),(" + n + ",2,REPEAT('b',900));";
    rows += "INSERT INTO reviews (by_code,of_order,of_line,words) VALUES ('C" + n + "'," + n +
            ",1,REPEAT('good',200));";
    const auto up = i < 3 ? std::string("NULL") : std::to_string(i / 3);
    rows += "INSERT INTO tree VALUES (" + n + "," + up + ",'t');";
    rows += "INSERT INTO chiefs VALUES (" + n + "," + up + ",'c');";
    rows += "INSERT INTO visits VALUES (" + n + ",'v'," + n + "),(" + n + ",'v'," + n + ");";
    rows += "INSERT INTO words VALUES ('same',NULL,1.1,2.2,x'01','a',NULL);";
  }
  server.exec_sql(rows + "COMMIT");
}

FamilyWriters::FamilyWriters(const Server& server, int threads, unsigned seed) : server_(server) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back(
        [this, seed = seed + static_cast<unsigned>(i)](const std::stop_token& stop) {
          try {
            write(stop, seed);
          } catch (...) {
            const std::lock_guard lock(mutex_);
            failed_ = std::current_exception();
          }
        });
  }
}

FamilyWriters::~FamilyWriters() = default;

void FamilyWriters::write(const std::stop_token& stop, unsigned seed) {
  Writer writer(server_, seed);
  while (!stop.stop_requested()) {
    writer.act();
    ++committed_;
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
}

int FamilyWriters::finish() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
  if (failed_) std::rethrow_exception(failed_);
  return committed_;
}

}  // namespace wherry::tests
