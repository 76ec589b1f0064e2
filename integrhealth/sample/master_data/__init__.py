"""Master data of the sample company: what people enter, where it is sent, how errors come to light."""
