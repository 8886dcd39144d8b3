-- Tables joined by cascading foreign keys, for after shop.sql. What a cascade changes is not in the row log.
SET NAMES utf8mb4;
USE shop;

CREATE TABLE carts (
  id INT NOT NULL AUTO_INCREMENT,
  owner VARCHAR(40) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY owner (owner)
) ENGINE=InnoDB;

CREATE TABLE cart_items (
  id INT NOT NULL AUTO_INCREMENT,
  cart_id INT NOT NULL,
  words VARCHAR(100) NULL,
  PRIMARY KEY (id),
  KEY cart (cart_id),
  CONSTRAINT item_of_cart FOREIGN KEY (cart_id) REFERENCES carts (id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB;

CREATE TABLE cart_gifts (
  item_id INT NOT NULL,
  giver VARCHAR(40) NULL,
  PRIMARY KEY (item_id),
  KEY giver (giver),
  CONSTRAINT gift_of_item FOREIGN KEY (item_id) REFERENCES cart_items (id) ON DELETE CASCADE,
  CONSTRAINT gift_by FOREIGN KEY (giver) REFERENCES carts (owner) ON DELETE SET NULL ON UPDATE CASCADE
) ENGINE=InnoDB;

INSERT INTO carts VALUES (1, 'Ärzte'), (2, '漢字'), (3, 'سلة'), (4, '🛒');
INSERT INTO cart_items VALUES (1, 1, 'a'), (2, 1, NULL), (3, 2, ''), (4, 3, 'd'), (5, 4, '🎁');
INSERT INTO cart_gifts VALUES (1, '漢字'), (3, 'سلة'), (5, NULL);
