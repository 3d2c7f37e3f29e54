package shop;

import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.stereotype.Component;

/** Places orders. */
@Component
@ConditionalOnProperty(name = "ROLE", havingValue = "order")
class Ordering implements CommandLineRunner {
  private final RabbitTemplate rabbit;
  private final KafkaTemplate<String, Order> kafka;

  Ordering(RabbitTemplate rabbit, KafkaTemplate<String, Order> kafka) {
    this.rabbit = rabbit;
    this.kafka = kafka;
  }

  @Override
  public void run(String... args) throws Exception {
    var prefix = System.getenv("PREFIX");
    for (int n = 0; n < Integer.parseInt(System.getenv("ORDERS")); n++) {
      var order = new Order(prefix + "-" + n);
      if (System.getenv("OVER").equals("rabbit")) rabbit.convertAndSend(prefix + ".orders", order);
      else kafka.send(prefix + ".orders", order.id(), order).get();
    }
  }
}
