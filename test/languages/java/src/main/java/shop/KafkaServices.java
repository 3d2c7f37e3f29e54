package shop;

import org.springframework.boot.autoconfigure.condition.ConditionalOnExpression;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.messaging.handler.annotation.SendTo;
import org.springframework.stereotype.Component;

@Component
@ConditionalOnExpression("'${ROLE}' == 'payment' and '${OVER}' == 'kafka'")
class KafkaPayment {
  @KafkaListener(topics = "${PREFIX}.orders")
  @SendTo("#{systemEnvironment['PREFIX']}.payments")
  Order charge(Order order) throws Exception {
    Thread.sleep(20);
    return order;
  }
}

/** In a chain of several languages the last service wants to know what was shipped. */
@Component
@ConditionalOnExpression("'${ROLE}' == 'shipping' and '${OVER}' == 'kafka'")
class KafkaShipping {
  @KafkaListener(topics = "${PREFIX}.payments")
  @SendTo("#{systemEnvironment['PREFIX']}.shipped")
  Order ship(Order order) throws Exception {
    Thread.sleep(20);
    return order;
  }
}
