import { Typography } from "@mantine/core";
import { createElement, type JSX } from "react";
import ReactMarkdown, { type Components, type ExtraProps } from "react-markdown";
import classes from "./Markdown.module.css";

// react-markdown shows HTML as text and removes unsafe URLs such as javascript:.
const COMPONENTS: Components = {
  a: ({ href, children }) =>
    href ? (
      <a href={href} rel="noopener noreferrer nofollow" target="_blank" className={classes.link}>
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  // The Content-Security-Policy blocks other images, and each blocked one is an error in the console.
  img: ({ src, alt = "" }) =>
    typeof src === "string" && /^https:\/\//i.test(src) ? (
      <img src={src} alt={alt} loading="lazy" referrerPolicy="no-referrer" />
    ) : (
      alt
    ),
  // The title of the event is the h1 of the page.
  h1: block("h2"),
  h2: block("h3"),
  h3: block("h4"),
  h4: block("h5"),
  h5: block("h5"),
  h6: block("h6"),
  p: block("p"),
  ul: block("ul"),
  ol: block("ol"),
  blockquote: block("blockquote"),
};

/** Makes a block whose text decides its direction: a description may mix scripts. */
function block(Tag: "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "ul" | "ol" | "blockquote") {
  return ({ node: _, ...props }: JSX.IntrinsicElements[typeof Tag] & ExtraProps) =>
    createElement(Tag, { ...props, dir: "auto" });
}

export default function Markdown({ text }: { readonly text: string }) {
  return (
    <Typography>
      <ReactMarkdown components={COMPONENTS}>{text}</ReactMarkdown>
    </Typography>
  );
}
