import { useState } from "preact/hooks";
import type { ProductCard } from "../api/client";
import { Button, Icon, IconButton } from "../design";
import { useSurroundings } from "./context";
import { reasonsInWords } from "./reasons";
import { speaker } from "./texts";
import type { Shown } from "./model";

const { t } = speaker;

/** One product of the answer: picture, price, how well it fits and why, and what can be done next. */
export function Card({ shown }: { shown: Shown }) {
  const { shop, onCart, address, heading } = useSurroundings();
  const Title = heading === "h1" ? "h2" : "h3";
  const { product, match, score, reasons } = shown.item;
  const sold = product.availability === "in_stock";
  const percent = speaker.number(score, { style: "percent" });
  return (
    <article class="s-card" data-product={product.id} data-sold={sold ? undefined : "out"}>
      <Open shown={shown} class="s-card-picture" hidden>
        <Picture image={product.image && address(product.image)} />
      </Open>
      {!sold && <span class="a-badge s-card-sold">{t(`availability.${product.availability}`)}</span>}
      <div class="s-card-text">
        <p class="s-card-match" title={t("match.score", { percent })}>
          <span class="a-badge" data-kind={match === "loose" ? undefined : "good"}>
            {t(`match.${match}`)}
          </span>
          <span aria-label={t("match.score", { percent })}>{percent}</span>
        </p>
        <Title class="s-card-title">
          <Open shown={shown}>{product.title}</Open>
        </Title>
        {product.brand && <p class="s-card-brand">{product.brand}</p>}
        <Price product={product} />
        <ul class="s-card-why" aria-label={t("card.why")}>
          {reasonsInWords(reasons).map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      </div>
      <div class="a-row s-card-foot">
        {onCart && sold && (
          <Button
            size="small"
            icon="bag"
            aria-label={t("card.cart.of", { title: product.title })}
            onClick={() => {
              shop.reporter.note("cart", shown);
              onCart(shown);
            }}
          >
            {t("card.cart")}
          </Button>
        )}
        <Button
          size="small"
          icon="similar"
          aria-label={t("card.similar.to", { title: product.title })}
          onClick={() => {
            shop.reporter.note("click", shown);
            void shop.similar({ id: product.id, title: product.title, image: product.image });
          }}
        >
          {t("card.similar")}
        </Button>
      </div>
      <div class="s-card-reject">
        <IconButton
          kind="plain"
          icon="close"
          label={t("card.reject.of", { title: product.title })}
          onClick={() => shop.reject(product.id)}
        />
      </div>
    </article>
  );
}

/** Leads to the product's page, where it has one; `hidden` keeps a second link to it out of the tab order. */
function Open(props: { shown: Shown; class?: string; hidden?: boolean; children: preact.ComponentChildren }) {
  const { shop, onOpen, address } = useSurroundings();
  const { link } = props.shown.item.product;
  if (!link) return <span class={props.class}>{props.children}</span>;
  return (
    <a
      class={props.class}
      href={address(link)}
      target="_blank"
      rel="noopener noreferrer"
      tabIndex={props.hidden ? -1 : undefined}
      aria-hidden={props.hidden ? true : undefined}
      onClick={(event) => {
        shop.reporter.note("click", props.shown);
        if (!onOpen(props.shown)) event.preventDefault();
      }}
    >
      {props.children}
    </a>
  );
}

function Picture({ image }: { image: string | null }) {
  const [broken, setBroken] = useState(false);
  if (!image || broken) {
    return (
      <span class="s-nopicture">
        <Icon name="picture" />
        <span class="a-hidden">{t("card.nopicture")}</span>
      </span>
    );
  }
  return <img src={image} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />;
}

function Price({ product }: { product: ProductCard }) {
  const { price, sale_price: sale } = product;
  if (!price) return null;
  if (!sale) return <p class="s-card-price">{speaker.price(price)}</p>;
  return (
    <p class="s-card-price">
      <ins aria-label={t("card.now", { price: speaker.price(sale) })}>{speaker.price(sale)}</ins>{" "}
      <del aria-label={t("card.was", { price: speaker.price(price) })}>{speaker.price(price)}</del>
    </p>
  );
}
