//! A real server on the JVM: Kafka's brokers, with a hot topic, and a cold one for a consumer that lags behind.

mod cold;
mod replicas;
mod witnesses;
